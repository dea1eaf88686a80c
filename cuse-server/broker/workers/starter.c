/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/workers/starter.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/base/fd-keep.h"
#include "cuse-server/wire/seqpacket.h"

/*
 * #syscalls:broker poll pidfd_open kill wait4 close
 * #syscalls:before socketpair clone prctl setsid getpid getppid waitid write exit_group
 */

/*
 * The protocol between broker and starter. The broker sends a StarterRequest, and the starter answers:
 *
 *     REQUEST_START   one Reply for each of the worker's files, in the order of WorkerFile, each with its file;
 *                     or a single Reply without a file, if no worker could be started
 *     REQUEST_FATE    one Reply without a file
 */
typedef enum { REQUEST_START = 's', REQUEST_FATE = 'f' } StarterRequest;
typedef enum { FILE_SOCKET, FILE_QUESTIONS, FILE_FS, FILE_COUNT } WorkerFile;

/* @pid: the latest worker, or -1: no worker could be started, or it has not ended; @fs_number: StandIns.fs_number;
 * @code, @status: see siginfo_t */
typedef struct {
    int32_t pid;
    int32_t code;
    int32_t status;
    uint64_t fs_number;
} Reply;

static bool fail(GError **error, const char *what)
{
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s: %s", what, g_strerror(errno));
    return false;
}

/* Wait for a message. Returns false if the other end is closed. */
static bool receive(int socket, void *message, size_t size, int *fd)
{
    struct pollfd readable = {.fd = socket, .events = POLLIN};
    SeqpacketResult result;

    do {
        poll(&readable, 1, -1);
        result = seqpacket_receive(socket, message, size, fd);
    } while (result == SEQPACKET_NOTHING);
    return result == SEQPACKET_MESSAGE;
}

/* --- in the starter --------------------------------------------------------------------------- */

/* What the starter needs to start workers. @worker: the latest of them */
typedef struct {
    int socket;
    const InstanceSpec *instance;
    StandIns *stand_ins;
    WorkerPages pages;
    WorkerProcess worker;
} Stock;

static bool start(Stock *stock, GError **error)
{
    if (stock->worker.pid > 0) {
        (void)waitpid(stock->worker.pid, NULL, 0);
    }
    return stand_ins_renew(stock->stand_ins, error) &&
           worker_process_start(&stock->worker, stock->instance, stock->stand_ins, &stock->pages,
                                error);
}

static void hand_over(Stock *stock)
{
    const Reply reply = {.pid = stock->worker.pid, .fs_number = stock->stand_ins->fs_number};
    const int files[FILE_COUNT] = {
        [FILE_SOCKET] = stock->worker.socket,
        [FILE_QUESTIONS] = stock->worker.questions,
        [FILE_FS] = stock->stand_ins->fs,
    };

    for (int i = 0; i < FILE_COUNT; i++) {
        (void)seqpacket_send(stock->socket, &reply, sizeof reply, files[i]);
    }
    close(stock->worker.socket);
    close(stock->worker.questions);
    close(stock->worker.pidfd);
}

static void answer_start(Stock *stock)
{
    const Reply none = {.pid = -1};
    g_autoptr(GError) error = NULL;

    if (start(stock, &error)) {
        hand_over(stock);
    } else {
        g_printerr("nvcuse: instance '%s': %s\n", stock->instance->name, error->message);
        (void)seqpacket_send(stock->socket, &none, sizeof none, -1);
    }
}

/* Tell the broker how the latest worker ended. The worker stays a zombie until the starter starts the next one. */
static void answer_fate(const Stock *stock)
{
    siginfo_t info = {0};
    Reply reply = {.pid = -1};

    if (stock->worker.pid > 0 &&
        waitid(P_PID, (id_t)stock->worker.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid) {
        reply = (Reply){.pid = info.si_pid, .code = info.si_code, .status = info.si_status};
    }
    (void)seqpacket_send(stock->socket, &reply, sizeof reply, -1);
}

static void keep_files(const Stock *stock)
{
    const int wanted[] = {
        STDIN_FILENO,
        STDOUT_FILENO,
        STDERR_FILENO,
        stock->socket,
        stock->stand_ins->fs,
        stock->stand_ins->slot.lock,
        stock->instance->call_log_fd,
        stock->instance->simulation_fd,
        stock->pages.ledger,
        stock->pages.quotas,
        stock->stand_ins->connection,
    };
    int keep[G_N_ELEMENTS(wanted)];
    size_t n = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
        if (wanted[i] >= 0) {
            keep[n++] = wanted[i];
        }
    }
    fd_keep_only(keep, n);
}

static G_NORETURN void starter_main(Stock *stock, pid_t broker)
{
    char request;
    int fd;

    prctl(PR_SET_NAME, "nvcuse-starter");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* Leave the terminal's session: its signals are meant for the command and its broker. */
    if (setsid() < 0 || getppid() != broker) {
        _exit(EXIT_FAILURE);
    }
    keep_files(stock);
    while (receive(stock->socket, &request, sizeof request, &fd)) {
        close_if_open(fd); /* requests carry no file */
        if (request == REQUEST_START) {
            answer_start(stock);
        } else {
            answer_fate(stock);
        }
    }
    _exit(EXIT_SUCCESS);
}

/* --- in the broker ---------------------------------------------------------------------------- */

bool starter_fork(Starter *starter, const InstanceSpec *instance, StandIns *stand_ins,
                  const WorkerPages *pages, GError **error)
{
    Stock stock = {
        .instance = instance, .stand_ins = stand_ins, .pages = *pages, .worker = {.pid = -1}};
    const pid_t broker = getpid();
    int sockets[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
        return fail(error, "cannot make the starter's socket");
    }
    stock.socket = sockets[1];
    starter->pid = fork();
    if (starter->pid == 0) {
        starter_main(&stock, broker);
    }
    close(sockets[1]);
    starter->socket = sockets[0];
    /* Close the broker's copy, so that the connection ends when the worker ends. */
    close_if_open(stand_ins->connection);
    stand_ins->connection = -1;
    return starter->pid > 0 || fail(error, "cannot fork the starter");
}

static bool ask(const Starter *starter, StarterRequest request)
{
    const char message = (char)request;

    return seqpacket_send(starter->socket, &message, sizeof message, -1);
}

/* Receive one of the new worker's files. Returns -1 if no worker could be started. */
static int take_file(const Starter *starter, Reply *reply)
{
    int fd = -1;

    return receive(starter->socket, reply, sizeof *reply, &fd) && reply->pid > 0 ? fd : -1;
}

bool starter_start(const Starter *starter, WorkerProcess *process, StandIns *stand_ins,
                   GError **error)
{
    int files[FILE_COUNT] = {-1, -1, -1};
    Reply reply = {0};
    bool ok = ask(starter, REQUEST_START);

    for (int i = 0; ok && i < FILE_COUNT; i++) {
        files[i] = take_file(starter, &reply);
        ok = files[i] >= 0;
    }
    *process = (WorkerProcess){.pid = -1, .pidfd = -1, .socket = -1, .questions = -1};
    if (!ok) {
        for (int i = 0; i < FILE_COUNT; i++) {
            close_if_open(files[i]);
        }
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                            "cannot start the worker: see the message above");
        return false;
    }
    /* The pid still names the worker: the worker is the starter's child, and the starter does not reap it before it is told
     * to start the next one. */
    *process = (WorkerProcess){.pid = reply.pid,
                               .pidfd = pidfd_open(reply.pid, 0),
                               .socket = files[FILE_SOCKET],
                               .questions = files[FILE_QUESTIONS],
                               .starter = starter};
    stand_ins_exchange(stand_ins, files[FILE_FS], (dev_t)reply.fs_number);
    if (process->pidfd < 0) {
        (void)fail(error, "cannot watch the worker");
        (void)kill(process->pid, SIGKILL);
        process->pid = -1; /* the starter reaps it */
        return false;
    }
    return true;
}

bool starter_fate(const Starter *starter, siginfo_t *info)
{
    Reply reply = {.pid = -1};
    int fd = -1;

    if (!ask(starter, REQUEST_FATE) || !receive(starter->socket, &reply, sizeof reply, &fd)) {
        return false;
    }
    close_if_open(fd); /* this reply carries no file */
    info->si_pid = reply.pid;
    info->si_code = reply.code;
    info->si_status = reply.status;
    return reply.pid > 0;
}

void starter_end(Starter *starter)
{
    if (starter->pid > 0) {
        kill(starter->pid, SIGKILL);
        waitpid(starter->pid, NULL, 0);
    }
    close_if_open(starter->socket);
    *starter = (Starter){.pid = -1, .socket = -1};
}
