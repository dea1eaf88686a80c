/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fallen worker: the real nvcuse, with a thread between its worker and its broker. It serves as usual, under the same
 * confinement. When a guest has opened a device (FALLEN_AT: so many), it sends the broker what an attacker would. The linker
 * puts these functions in place of the worker's own (--wrap).
 *
 * The environment variable FALLEN holds the messages, a word each:
 *
 *     OP:A:B:C:D      a request with this op, and these numbers in its first places; @ is the guest's
 *                     thread that the worker asked about last
 *     file:OP:A:B:C   the same with a file attached that is not one of the host's devices
 *     host:OP:A:B:C   the same with the file of the last answer that had one
 *     mute:OP:N       N requests that have no answer
 *     maps:file       from now on each mapping of a guest's is allowed, with a file that is not one of the host's devices
 *     maps:host       the same with the file of the last answer that had one
 *     bytes:N         N bytes that are not a request, unless N is a request's size
 *     flood:N         N requests at once, before any answer is read
 *     call:NAME:A:B   a system call, made by the worker itself (fallen-call.h)
 *
 * Each result is a line on standard error: "WORD: ok", "WORD: ok, with a file", "WORD: ERRNO", "WORD: hung up", "WORD: sent"
 * or "WORD: from now on"; after "hung up" no more words are sent. "the attack is over" ends the list.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/proxy/objects/nv-file.h"
#include "cuse-server/proxy/proxy.h"
#include "cuse-server/wire/broker-protocol.h"
#include "cuse-server/wire/seqpacket.h"
#include "cuse-server/worker/doors/transport.h"
#include "tests/hostile/fallen/fallen-call.h"

BrokerLink *__real_broker_link_new(int socket);
BrokerLink *__wrap_broker_link_new(int socket);
bool __real_transport_run(Transport *transport, GError **error);
bool __wrap_transport_run(Transport *transport, GError **error);

int __real_proxy_map(Proxy *proxy, const NvFile *file, uint64_t length, uint64_t offset,
                     Refusal *refusal);
int __wrap_proxy_map(Proxy *proxy, const NvFile *file, uint64_t length, uint64_t offset,
                     Refusal *refusal);
int __real_proxy_open_as(Proxy *proxy, uint32_t id, unsigned device, int flags, NvFile **file);
int __wrap_proxy_open_as(Proxy *proxy, uint32_t id, unsigned device, int flags, NvFile **file);
int __real_nv_file_fd(const NvFile *file);
int __wrap_nv_file_fd(const NvFile *file);

enum {
    ATTACK_SERIAL = 0x40000000, /* the worker's own count from 1 */
    ANSWER_MILLISECONDS = 5000,
    NUMBERS = 5, /* of a request */
};

/* The thread between worker and broker, which passes messages on. */
typedef struct {
    int worker;
    int broker;
    int host_file; /* of the last answer that had one; -1: none had */
    int32_t guest; /* the last thread that the worker asked about */
    int opened;    /* an eventfd that counts guests' opens */
    gint64 opens;  /* until the attack */
    char **attack;
    gint mapped; /* the file that answers guests' mappings; -1: the right one. Atomic */
    bool hung_up;
    uint32_t serial; /* of the attack's last question */
} Middle;

static bool send_request(const Middle *middle, const uint32_t *numbers, int fd)
{
    BrokerRequest request = {.op = numbers[0], .serial = middle->serial};

    request.in_guest.tid = (int32_t)numbers[1];
    request.in_guest.command = numbers[2];
    request.in_guest.size = numbers[3];
    memcpy(request.in_guest.params, &numbers[4], sizeof numbers[4]);
    return seqpacket_send(middle->broker, &request, sizeof request, fd);
}

/* Parse "OP:A:B:C:D"; the last numbers may be left out. */
static void parse(const Middle *middle, const char *text, uint32_t *numbers)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", NUMBERS);
    guint n = g_strv_length(parts);

    for (guint i = 0; i < NUMBERS; i++) {
        numbers[i] = i >= n                       ? 0
                     : g_str_equal(parts[i], "@") ? (uint32_t)middle->guest
                                                  : (uint32_t)g_ascii_strtoll(parts[i], NULL, 0);
    }
}

/*
 * Take a message from the broker, and pass it on unless it answers the attack. Returns: false for such an answer, or if no more
 * messages will come.
 */
static bool pass_reply(Middle *middle, BrokerReply *reply, int *fd)
{
    int fds[SEQPACKET_FILES_MAX];
    SeqpacketResult result = seqpacket_receive_files(middle->broker, reply, sizeof *reply, fds);

    *fd = fds[0];
    if (result == SEQPACKET_GONE) {
        middle->hung_up = true;
        return false;
    }
    if (result == SEQPACKET_MESSAGE && reply->serial < ATTACK_SERIAL) {
        seqpacket_send_files(middle->worker, reply, sizeof *reply, fds,
                             fds[1] >= 0   ? 2
                             : fds[0] >= 0 ? 1
                                           : 0);
        close_if_open(fds[0]);
        *fd = -1;
    }
    close_if_open(fds[1]);
    return result == SEQPACKET_NOTHING || reply->serial < ATTACK_SERIAL;
}

static void wait_answer(Middle *middle, const char *word)
{
    struct pollfd readable = {.fd = middle->broker, .events = POLLIN};
    BrokerReply reply = {0};
    int fd = -1;

    do {
        if (poll(&readable, 1, ANSWER_MILLISECONDS) <= 0) {
            g_printerr("%s: no answer\n", word);
            return;
        }
    } while (pass_reply(middle, &reply, &fd));
    if (middle->hung_up) {
        g_printerr("%s: hung up\n", word);
    } else if (reply.error) {
        g_printerr("%s: %s\n", word, strerrorname_np(reply.error));
    } else {
        g_printerr("%s: ok%s\n", word, fd >= 0 ? ", with a file" : "");
    }
    if (fd >= 0) {
        close_if_open(middle->host_file);
        middle->host_file = fd;
    }
}

static void attack_bytes(Middle *middle, const char *word, size_t n)
{
    g_autofree char *bytes = g_malloc0(n + 1);
    struct iovec iov = {.iov_base = bytes, .iov_len = n};
    struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};

    if (sendmsg(middle->broker, &header, MSG_NOSIGNAL) < 0) {
        g_printerr("%s: not sent: %s\n", word, strerrorname_np(errno));
    }
    wait_answer(middle, word);
}

/* The broker must not keep requests that it cannot answer. */
static void attack_flood(Middle *middle, const char *word, uint32_t n)
{
    const uint32_t numbers[NUMBERS] = {BROKER_PROCESS, 1};
    uint32_t sent = 0;

    while (sent < n && send_request(middle, numbers, -1)) {
        sent++;
    }
    while (!middle->hung_up && sent-- > 0) {
        g_autofree char *each = g_strdup_printf("%s, %u to go", word, sent);
        wait_answer(middle, each);
    }
}

/* "OP:N" */
static void attack_mutely(const Middle *middle, const char *word, const char *text)
{
    uint32_t numbers[NUMBERS];

    parse(middle, text, numbers);
    for (uint32_t i = 0; i < numbers[1]; i++) {
        send_request(middle, numbers, -1);
    }
    g_printerr("%s: sent\n", word);
}

static void ask(Middle *middle, const char *word, const char *text, int fd)
{
    uint32_t numbers[NUMBERS];

    parse(middle, text, numbers);
    send_request(middle, numbers, fd);
    wait_answer(middle, word);
}

static void attack_one(Middle *middle, const char *word)
{

    middle->serial++;
    if (g_str_has_prefix(word, "maps:")) {
        g_atomic_int_set(&middle->mapped,
                         g_str_equal(word, "maps:file") ? middle->worker : middle->host_file);
        g_printerr("%s: from now on\n", word);
    } else if (g_str_has_prefix(word, "bytes:")) {
        attack_bytes(middle, word, (size_t)g_ascii_strtoull(word + 6, NULL, 0));
    } else if (g_str_has_prefix(word, "flood:")) {
        attack_flood(middle, word, (uint32_t)g_ascii_strtoull(word + 6, NULL, 0));
    } else if (g_str_has_prefix(word, "call:")) {
        fallen_call(word, word + 5);
    } else if (g_str_has_prefix(word, "mute:")) {
        attack_mutely(middle, word, word + 5);
    } else if (g_str_has_prefix(word, "file:")) {
        ask(middle, word, word + 5, middle->worker);
    } else if (g_str_has_prefix(word, "host:")) {
        ask(middle, word, word + 5, middle->host_file);
    } else {
        ask(middle, word, word, -1);
    }
}

static void attack(Middle *middle)
{
    for (char **word = middle->attack; *word && !middle->hung_up; word++) {
        attack_one(middle, *word);
    }
    g_printerr("the attack is over\n");
    middle->attack = NULL;
}

/* Returns: false if the worker is gone. */
static bool pass_request(Middle *middle)
{
    BrokerRequest request;
    int fd = -1;
    SeqpacketResult result = seqpacket_receive(middle->worker, &request, sizeof request, &fd);

    if (result == SEQPACKET_MESSAGE) {
        if (request.op == BROKER_PROCESS) {
            middle->guest = request.process.tid;
        }
        seqpacket_send(middle->broker, &request, sizeof request, fd);
    }
    return result != SEQPACKET_GONE;
}

/* Guests have opened devices: attack if they have opened enough. */
static void note_opens(Middle *middle)
{
    eventfd_t n = 0;

    (void)eventfd_read(middle->opened, &n);
    middle->opens -= (gint64)n;
    if (middle->attack && middle->opens <= 0) {
        attack(middle);
    }
}

static gpointer stand_between(gpointer data)
{
    Middle *middle = data;
    struct pollfd polls[] = {{.fd = middle->worker, .events = POLLIN},
                             {.fd = middle->broker, .events = POLLIN},
                             {.fd = middle->opened, .events = POLLIN}};

    while (!middle->hung_up && poll(polls, G_N_ELEMENTS(polls), -1) >= 0) {
        BrokerReply reply;
        int fd = -1;
        if (polls[0].revents && !pass_request(middle)) {
            break;
        }
        if (polls[1].revents && !pass_reply(middle, &reply, &fd) && fd >= 0) {
            close(fd);
        }
        if (polls[2].revents) {
            note_opens(middle);
        }
    }
    close(middle->worker); /* this ends the real worker */
    return NULL;
}

/* The thread between worker and broker; a process has one. */
static Middle *the_middle;

BrokerLink *__wrap_broker_link_new(int socket)
{
    const char *attack_list = g_getenv("FALLEN");
    const char *at = g_getenv("FALLEN_AT");
    int sockets[2];

    if (!attack_list || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
        g_printerr("fallen-worker: FALLEN is not set, or socketpair() failed\n");
        _exit(EXIT_FAILURE);
    }
    the_middle = g_new(Middle, 1);
    *the_middle = (Middle){.worker = sockets[1],
                           .broker = socket,
                           .host_file = -1,
                           .mapped = -1,
                           .opened = eventfd(0, EFD_CLOEXEC),
                           .opens = at ? g_ascii_strtoll(at, NULL, 10) : 1,
                           .attack = g_strsplit(attack_list, " ", -1),
                           .serial = ATTACK_SERIAL};
    return __real_broker_link_new(sockets[0]);
}

int __wrap_proxy_open_as(Proxy *proxy, uint32_t id, unsigned device, int flags, NvFile **file)
{
    const int error = __real_proxy_open_as(proxy, id, device, flags, file);

    if (the_middle) {
        (void)eventfd_write(the_middle->opened, 1);
    }
    return error;
}

/* The next file that this thread asks for is the answer to a mapping. */
static __thread bool mapping;

int __wrap_proxy_map(Proxy *proxy, const NvFile *file, uint64_t length, uint64_t offset,
                     Refusal *refusal)
{
    if (!the_middle || g_atomic_int_get(&the_middle->mapped) < 0) {
        return __real_proxy_map(proxy, file, length, offset, refusal);
    }
    mapping = true;
    *refusal = REFUSAL_NONE;
    return 0;
}

int __wrap_nv_file_fd(const NvFile *file)
{
    bool is_answer = mapping;

    mapping = false;
    return is_answer ? g_atomic_int_get(&the_middle->mapped) : __real_nv_file_fd(file);
}

/* Called when the worker is confined. */
bool __wrap_transport_run(Transport *transport, GError **error)
{
    g_thread_unref(g_thread_new("fallen", stand_between, the_middle));
    return __real_transport_run(transport, error);
}
