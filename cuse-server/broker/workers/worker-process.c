/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/workers/worker-process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/broker/files/cuse-nodes.h"
#include "cuse-server/broker/workers/starter.h"
#include "cuse-server/broker/workers/worker-spawn.h"
#include "cuse-server/wire/worker-spec.h"

/*
 * #syscalls:broker waitid wait4 poll shutdown kill write close
 * #syscalls:before socketpair
 */

enum {
    END_SECONDS = 5
}; /* for a worker that is in a long driver call; then as long again for the kernel to kill it */

static bool fail(GError **error, const char *what)
{
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s: %s", what, g_strerror(errno));
    return false;
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

/* Put the worker's connections to CUSE or FUSE into @spec. The caller closes them after it has started the worker, which
 * then has them alone. */
static bool take_connections(WorkerSpec *spec, StandIns *stand_ins, GError **error)
{
    const bool is_cuse = spec->instance.transport == TRANSPORT_CUSE;

    spec->n_fds = is_cuse ? spec->instance.n_devices : 1;
    if (is_cuse) {
        return cuse_nodes_open(spec->fds, spec->n_fds, error);
    }
    spec->fds[0] = stand_ins->connection;
    stand_ins->connection = -1;
    return true;
}

/* Start the worker that @spec describes, with all the descriptors in it and the lock of its slot. */
static bool spawn(WorkerProcess *process, const WorkerSpec *spec, int slot_lock, GError **error)
{
    int keep[DEVICES_MAX + 8] = {spec->socket,
                                 spec->questions,
                                 spec->ledger_fd,
                                 spec->quota_fd,
                                 spec->instance.call_log_fd,
                                 spec->instance.record_fd,
                                 spec->instance.simulation_fd,
                                 slot_lock};
    size_t n = 8;
    int fd = worker_spec_write(spec, error);

    if (fd < 0) {
        return false;
    }
    for (unsigned i = 0; i < spec->n_fds; i++) {
        keep[n++] = spec->fds[i];
    }
    process->pid = worker_spawn(fd, keep, n, &process->pidfd, error);
    close(fd);
    return process->pid > 0;
}

/* Make the sockets between broker and worker, and start the worker. */
static bool connect_and_spawn(WorkerProcess *process, WorkerSpec *spec, int slot_lock,
                              GError **error)
{
    if (!make_sockets(&process->socket, &spec->socket) ||
        !make_sockets(&process->questions, &spec->questions)) {
        return fail(error, "cannot make the worker's sockets");
    }
    bool ok = spawn(process, spec, slot_lock, error);
    close(spec->socket);
    close(spec->questions);
    return ok;
}

bool worker_process_start(WorkerProcess *process, const InstanceSpec *instance, StandIns *stand_ins,
                          const WorkerPages *pages, GError **error)
{
    g_autofree WorkerSpec *spec = g_new(WorkerSpec, 1);

    *process = (WorkerProcess){.pid = -1, .pidfd = -1, .socket = -1, .questions = -1};
    *spec = (WorkerSpec){
        .size = sizeof *spec,
        .instance = *instance,
        .identity = stand_ins->slot.identity,
        .major_no = stand_ins->major_no,
        .first_minor = slot_first_minor(&stand_ins->slot),
        .socket = -1,
        .questions = -1,
        .ledger_fd = pages->ledger,
        .quota_fd = pages->quotas,
    };
    if (!take_connections(spec, stand_ins, error)) {
        return false;
    }
    bool ok = connect_and_spawn(process, spec, stand_ins->slot.lock, error);
    /* Leave the connections to the worker alone, so that the files end when the worker ends. */
    for (unsigned i = 0; i < spec->n_fds; i++) {
        close(spec->fds[i]);
    }
    return ok;
}

/* Look how the worker ended. Returns false if it has not ended. The worker stays a zombie until worker_process_end() or the
 * starter reaps it. */
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
        return g_strdup("ended"); /* a debugger still traces it, and only it sees how */
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

/* Print how the worker ended, unless it ended with exit status 0, or its fate has been told before. */
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
                        "worker %d of instance '%s' did not end within %d seconds of SIGKILL: it "
                        "is blocked in "
                        "the kernel, probably in NVIDIA's driver; see /proc/%d/stack",
                        process->pid, name, END_SECONDS, process->pid);
        }
        close(process->pidfd);
    }
    return ended;
}
