/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/worker-process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/broker/cuse-nodes.h"
#include "cuse-server/broker/fd-keep.h"
#include "cuse-server/broker/starter.h"
#include "cuse-server/transport/worker.h"

/*
 * #syscalls:broker waitid wait4 poll shutdown kill write close
 * #syscalls:before openat dup2 socketpair clone pidfd_open exit_group
 */

enum {
    END_SECONDS = 5
}; /* for a worker deep in the driver; then again for the kernel to kill it */

static bool fail(GError **error, const char *what)
{
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s: %s", what, g_strerror(errno));
    return false;
}

/* Of the standard files the worker needs somewhere to complain; the others may be a terminal's. */
static bool close_standard_files(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    return null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0;
}

/* Of all the files the broker has, the worker keeps the few it is made of. */
static void keep_worker_files(const WorkerConfig *config, const StandIns *stand_ins)
{
    g_autofree int *keep = g_new(int, config->transport.n_fds + 8);
    size_t n = 0;

    keep[n++] = STDIN_FILENO;
    keep[n++] = STDOUT_FILENO;
    keep[n++] = STDERR_FILENO;
    keep[n++] = config->socket;
    keep[n++] = config->questions;
    for (unsigned i = 0; i < config->transport.n_fds; i++) {
        keep[n++] = config->transport.fds[i];
    }
    if (stand_ins->slot.lock >= 0) {
        keep[n++] = stand_ins->slot.lock;
    }
    if (config->trace_fd >= 0) {
        keep[n++] = config->trace_fd;
    }
    if (config->record_fd >= 0) {
        keep[n++] = config->record_fd;
    }
    fd_keep_only(keep, n);
}

static bool make_sockets(int *ours, int *workers)
{
    int sockets[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
        return false;
    }
    *ours = sockets[0];
    *workers = sockets[1];
    return true;
}

/* Fork @worker, whose sockets are still to be made. */
static bool fork_worker(WorkerProcess *process, WorkerConfig *worker, const StandIns *stand_ins,
                        GError **error)
{
    if (!make_sockets(&process->socket, &worker->socket) ||
        !make_sockets(&process->questions, &worker->questions)) {
        return fail(error, "cannot make the worker's sockets");
    }
    process->pid = fork();
    if (process->pid == 0) {
        if (!close_standard_files()) {
            _exit(EXIT_FAILURE);
        }
        keep_worker_files(worker, stand_ins);
        worker_main(worker);
    }
    close(worker->socket);
    close(worker->questions);
    if (process->pid < 0) {
        return fail(error, "cannot fork the worker");
    }
    process->pidfd = pidfd_open(process->pid, 0);
    return true;
}

bool worker_process_start(WorkerProcess *process, const InstanceConfig *config, StandIns *stand_ins,
                          Ledger *ledger, GError **error)
{
    const bool cuse = config->transport == TRANSPORT_CUSE;
    g_autofree int *fds = g_new(int, config->n_devices);
    WorkerConfig worker = {
        .name = config->name,
        .abi = config->abi,
        .caps = config->caps,
        .limits = config->limits,
        .devices = config->devices,
        .n_devices = config->n_devices,
        .transport = {.kind = config->transport,
                      .cuse = {config->name, stand_ins->slot.major_no, stand_ins->slot.first_minor},
                      .fds = fds,
                      .n_fds = cuse ? config->n_devices : 1,
                      .secret = stand_ins->secret,
                      .threads = config->threads},
        .trace_fd = config->trace_fd,
        .record_fd = config->record_fd,
        .record_limit = config->record_limit,
        .scope_gpus = config->scope_gpus,
        .share_uvm = config->share_uvm,
        .simulation = config->simulation,
        .ledger = ledger,
    };

    *process = (WorkerProcess){.pid = -1, .pidfd = -1, .socket = -1, .questions = -1};
    if (!lockup_find_identity(&worker.identity, error) ||
        (cuse && !cuse_nodes_open(fds, config->n_devices, error))) {
        return false;
    }
    if (!cuse) {
        fds[0] = stand_ins->connection;
        stand_ins->connection = -1;
    }
    bool ok = fork_worker(process, &worker, stand_ins, error);
    /* The worker's alone from here on: its end is the files' end. */
    for (unsigned i = 0; i < worker.transport.n_fds; i++) {
        close(fds[i]);
    }
    return ok;
}

/* How it ended; false if it has not. It stays a zombie until worker_process_end() or the starter takes it. */
static bool look_at_end(const WorkerProcess *process, siginfo_t *info)
{
    *info = (siginfo_t){0};
    if (process->starter) {
        return starter_fate(process->starter, info);
    }
    return waitid(P_PIDFD, (id_t)process->pidfd, info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info->si_pid != 0;
}

char *worker_process_fate(WorkerProcess *process)
{
    siginfo_t info;

    if (!look_at_end(process, &info)) {
        return g_strdup("ended"); /* a debugger, that is still to let go of it, knows how */
    }
    process->told = true;
    if (info.si_code == CLD_EXITED) {
        return g_strdup_printf("ended with exit status %d", info.si_status);
    }
    if (info.si_status == SIGSYS) {
        return g_strdup("was killed by its system call filter: it tried what no worker does (the "
                        "kernel's log names the call)");
    }
    return g_strdup_printf("was killed by signal %d (%s)", info.si_status,
                           g_strsignal(info.si_status));
}

/* A worker that ended by itself ended well, or somebody should hear of it. */
static void tell_fate(WorkerProcess *process, const char *name)
{
    siginfo_t info;

    if (!process->told && look_at_end(process, &info) &&
        (info.si_code != CLD_EXITED || info.si_status != EXIT_SUCCESS)) {
        g_autofree char *fate = worker_process_fate(process);
        g_printerr("nvcuse: the worker of instance '%s' %s\n", name, fate);
    }
}

static bool wait_for_end(const WorkerProcess *process)
{
    struct pollfd ended = {.fd = process->pidfd, .events = POLLIN};

    return poll(&ended, 1, END_SECONDS * 1000) > 0;
}

bool worker_process_end(WorkerProcess *process, const char *name, GError **error)
{
    bool ended = true;

    if (process->pid > 0) {
        shutdown(process->socket, SHUT_RDWR);
        shutdown(process->questions, SHUT_RDWR);
        ended =
            wait_for_end(process) || (kill(process->pid, SIGKILL) == 0 && wait_for_end(process));
        if (ended) {
            tell_fate(process, name);
            if (!process->starter) {
                waitpid(process->pid, NULL, 0);
            }
        } else {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                        "worker %d of instance '%s' does not end: it is held in the host driver",
                        process->pid, name);
        }
        close(process->pidfd);
    }
    return ended;
}
