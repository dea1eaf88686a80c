/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker that has fallen: the real nvcuse, with somebody between its worker and its broker. It
 * serves as ever, behind the same walls, and once a guest has opened a device it sends the broker
 * what an attacker would. The linker puts these functions in the way of the worker's own (--wrap).
 *
 * The environment variable FALLEN holds the messages, a word each:
 *
 *     OP:A:B          a request with this op, and these two numbers in its first two places
 *     file:OP:A:B     the same with a file attached
 *     bytes:N         N bytes that are no request, unless N is a request's size
 *     flood:N         N requests at once, before any answer is read
 *
 * Each is answered on standard error: "WORD: ok", "WORD: ok, with a file", "WORD: ERRNO", or "WORD:
 * hung up"; what follows a hang-up is not sent. "the attack is over" ends the list.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib.h>

#include "cuse-server/transport/broker-protocol.h"
#include "cuse-server/transport/seqpacket.h"
#include "cuse-server/transport/transport.h"

BrokerLink *__real_broker_link_new(int socket);
BrokerLink *__wrap_broker_link_new(int socket);
bool __real_transport_run(Transport *transport, GError **error);
bool __wrap_transport_run(Transport *transport, GError **error);

enum {
    ATTACK_SERIAL = 0x40000000, /* the worker's own count from 1 */
    ANSWER_MILLISECONDS = 5000,
};

/* Between worker and broker, passing on what they say. */
typedef struct {
    int worker;
    int broker;
    char **attack;
    bool hung_up;
    uint32_t serial; /* of the attack's last question */
} Middle;

static bool send_request(const Middle *middle, const uint32_t *numbers, int fd)
{
    BrokerRequest request = {.op = numbers[0], .serial = middle->serial};

    request.open.device = numbers[1];
    request.open.flags = numbers[2];
    return seqpacket_send(middle->broker, &request, sizeof request, fd);
}

/* "OP:A:B" */
static void parse(const char *text, uint32_t *numbers)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", 3);

    for (int i = 0; i < 3; i++) {
        numbers[i] = parts[i] ? (uint32_t)g_ascii_strtoll(parts[i], NULL, 0) : 0;
    }
}

/* Take a message from the broker and pass it on, unless it is for us. Returns false for ours, or if
 * there will be no more. */
static bool pass_reply(Middle *middle, BrokerReply *reply, int *fd)
{
    SeqpacketResult result = seqpacket_receive(middle->broker, reply, sizeof *reply, fd);

    if (result == SEQPACKET_GONE) {
        middle->hung_up = true;
        return false;
    }
    if (result == SEQPACKET_NOTHING || reply->serial >= ATTACK_SERIAL) {
        return result == SEQPACKET_NOTHING;
    }
    seqpacket_send(middle->worker, reply, sizeof *reply, *fd);
    if (*fd >= 0) {
        close(*fd);
    }
    return true;
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
        close(fd);
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

/* The broker must not keep what it cannot answer. */
static void attack_flood(Middle *middle, const char *word, uint32_t n)
{
    const uint32_t numbers[3] = {BROKER_PROCESS, 1, 0};
    uint32_t sent = 0;

    while (sent < n && send_request(middle, numbers, -1)) {
        sent++;
    }
    while (!middle->hung_up && sent-- > 0) {
        g_autofree char *each = g_strdup_printf("%s, %u to go", word, sent);
        wait_answer(middle, each);
    }
}

static void attack_one(Middle *middle, const char *word)
{
    uint32_t numbers[3];

    middle->serial++;
    if (g_str_has_prefix(word, "bytes:")) {
        attack_bytes(middle, word, (size_t)g_ascii_strtoull(word + 6, NULL, 0));
    } else if (g_str_has_prefix(word, "flood:")) {
        attack_flood(middle, word, (uint32_t)g_ascii_strtoull(word + 6, NULL, 0));
    } else {
        bool with_file = g_str_has_prefix(word, "file:");
        parse(with_file ? word + 5 : word, numbers);
        send_request(middle, numbers, with_file ? middle->worker : -1);
        wait_answer(middle, word);
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

/* Returns false if the worker is gone. @op: set to what it asked, or 0. */
static bool pass_request(const Middle *middle, uint32_t *op)
{
    BrokerRequest request;
    int fd = -1;
    SeqpacketResult result = seqpacket_receive(middle->worker, &request, sizeof request, &fd);

    *op = 0;
    if (result == SEQPACKET_MESSAGE) {
        *op = request.op;
        seqpacket_send(middle->broker, &request, sizeof request, fd);
    }
    return result != SEQPACKET_GONE;
}

static gpointer stand_between(gpointer data)
{
    Middle *middle = data;
    struct pollfd polls[] = {{.fd = middle->worker, .events = POLLIN},
                             {.fd = middle->broker, .events = POLLIN}};

    while (!middle->hung_up && poll(polls, G_N_ELEMENTS(polls), -1) >= 0) {
        BrokerReply reply;
        uint32_t op = 0;
        int fd = -1;
        if (polls[0].revents && !pass_request(middle, &op)) {
            break;
        }
        if (polls[1].revents && !pass_reply(middle, &reply, &fd) && fd >= 0) {
            close(fd);
        }
        if (middle->attack && op == BROKER_OPEN) {
            attack(middle);
        }
    }
    close(middle->worker); /* and the real worker ends */
    return NULL;
}

/* The worker's, which there is one of. */
static Middle *the_middle;

BrokerLink *__wrap_broker_link_new(int socket)
{
    const char *attack_list = g_getenv("FALLEN");
    int sockets[2];

    if (!attack_list || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
        g_printerr("fallen-worker: no FALLEN, or no sockets\n");
        _exit(EXIT_FAILURE);
    }
    the_middle = g_new(Middle, 1);
    *the_middle = (Middle){.worker = sockets[1],
                           .broker = socket,
                           .attack = g_strsplit(attack_list, " ", -1),
                           .serial = ATTACK_SERIAL};
    return __real_broker_link_new(sockets[0]);
}

/* Called when everything is locked up. */
bool __wrap_transport_run(Transport *transport, GError **error)
{
    g_thread_unref(g_thread_new("fallen", stand_between, the_middle));
    return __real_transport_run(transport, error);
}
