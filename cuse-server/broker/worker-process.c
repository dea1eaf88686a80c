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
#include "cuse-server/transport/worker.h"

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
static void keep_worker_files(const WorkerConfig *config, const Slot *slot)
{
    g_autofree int *keep = g_new(int, config->n_devices + 6);
    size_t n = 0;

    keep[n++] = STDIN_FILENO;
    keep[n++] = STDOUT_FILENO;
    keep[n++] = STDERR_FILENO;
    keep[n++] = config->socket;
    keep[n++] = slot->lock;
    for (unsigned i = 0; i < config->n_devices; i++) {
        keep[n++] = config->cuse.fds[i];
    }
    if (config->trace_fd >= 0) {
        keep[n++] = config->trace_fd;
    }
    fd_keep_only(keep, n);
}

/* Fork @worker, whose socket is still to be made. */
static bool fork_worker(WorkerProcess *process, WorkerConfig *worker, const Slot *slot,
                        GError **error)
{
    int sockets[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
        return fail(error, "cannot make the worker's socket");
    }
    process->socket = sockets[0];
    worker->socket = sockets[1];
    process->pid = fork();
    if (process->pid == 0) {
        if (!close_standard_files()) {
            _exit(EXIT_FAILURE);
        }
        keep_worker_files(worker, slot);
        worker_main(worker);
    }
    close(sockets[1]);
    if (process->pid < 0) {
        return fail(error, "cannot fork the worker");
    }
    process->pidfd = pidfd_open(process->pid, 0);
    return true;
}

bool worker_process_start(WorkerProcess *process, const InstanceConfig *config, const Slot *slot,
                          uint64_t secret, GError **error)
{
    g_autofree int *cuse_fds = g_new(int, config->n_devices);
    WorkerConfig worker = {
        .abi = config->abi,
        .caps = config->caps,
        .devices = config->devices,
        .n_devices = config->n_devices,
        .cuse = {.name = config->name,
                 .major_no = slot->major_no,
                 .first_minor = slot->first_minor,
                 .fds = cuse_fds,
                 .secret = secret,
                 .threads = config->threads},
        .trace_fd = config->trace_fd,
    };

    *process = (WorkerProcess){.pid = -1, .pidfd = -1, .socket = -1};
    if (!lockup_find_identity(&worker.identity, error) ||
        !cuse_nodes_open(cuse_fds, config->n_devices, error)) {
        return false;
    }
    bool ok = fork_worker(process, &worker, slot, error);
    /* The worker's alone from here on: its end is the devices' end. */
    for (unsigned i = 0; i < config->n_devices; i++) {
        close(cuse_fds[i]);
    }
    return ok;
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
        ended =
            wait_for_end(process) || (kill(process->pid, SIGKILL) == 0 && wait_for_end(process));
        if (ended) {
            waitpid(process->pid, NULL, 0);
        } else {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                        "worker %d of instance '%s' does not end: it is held in the host driver",
                        process->pid, name);
        }
        close(process->pidfd);
    }
    return ended;
}
