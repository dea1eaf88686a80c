/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/guests/listener.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cuse-server/base/pool/reader-pool.h"
#include "cuse-server/broker/guests/call-abi.h"
#include "cuse-server/broker/guests/guest-attach.h"
#include "cuse-server/broker/guests/notification.h"
#include "cuse-server/broker/identity/guest-thread.h"

/* #syscalls:broker poll ioctl close */

struct Listener {
    ListenerConfig config;
    int fd;
    ReaderPool *pool;
    gint
        filters; /* atomic: ListenerConfig.filters, or the first caller's number if that is less; 0: not known */
    gint noted; /* atomic: true once a guest has called */
};

/* A system call that a guest waits in. */
typedef struct {
    Listener *listener;
    struct seccomp_notif notif;
} Call;

/* Answer unshare(flags) or setns(fd, flags). The kernel allows some of these calls only to a process with a single thread,
 * so end the process's agent first. */
static void answer_alone(const Listener *listener, const struct seccomp_notif *notif)
{
    const pid_t group = guest_thread_group((pid_t)notif->pid);

    if (group > 0 && notification_is_valid(listener->fd, notif->id)) {
        agents_dismiss(listener->config.mmap.agents, group);
    }
    notification_continue(listener->fd, notif->id);
}

/*
 * Answer pidfd_getfd(pidfd, number, flags). The call must not take a file from the descriptor table of an agent. The kernel
 * may carry the call out in two cases: with flags, the call takes nothing; and if the kernel does not have pidfds of
 * threads, the call cannot reach an agent's table.
 */
static void answer_getfd(const Listener *listener, const struct seccomp_notif *notif)
{
    if ((uint32_t)notif->data.args[2] != 0 || !guest_threads_have_pidfds()) {
        notification_continue(listener->fd, notif->id);
    } else if (guest_members_admit(listener->config.open.members, listener->fd, notif)) {
        agents_take_file(listener->config.mmap.agents, listener->fd, notif);
    } else {
        notification_fail(listener->fd, notif->id,
                          ESRCH); /* the caller is gone, or the broker is short of descriptors */
    }
}

/* Answer a call of another ABI, as the filter of `nvcuse run` does. */
static void answer_foreign(const Listener *listener, const struct seccomp_notif *notif)
{
    if (call_abi_may_go_on(&notif->data)) {
        notification_continue(listener->fd, notif->id);
    } else {
        notification_fail(listener->fd, notif->id,
                          call_abi_takes_file(&notif->data) ? ENOSYS : EINVAL);
    }
}

/* Correct the number of filters at the first call. ListenerConfig.filters may be too high: it may have been read late, when
 * the process had already added filters of its own. The first call in a container comes from a program that has just been
 * started, as a rule. A program is under all of the container's filters and perhaps some of its own, so the container does
 * not have more than any program. The smaller number is right. */
static void note_filters(Listener *listener, const struct seccomp_notif *notif)
{
    if (g_atomic_int_compare_and_exchange(&listener->noted, false, true)) {
        const gint own = (gint)guest_thread_filters((pid_t)notif->pid);
        const gint known = g_atomic_int_get(&listener->filters);
        g_atomic_int_set(&listener->filters, known == 0 || (own > 0 && own < known) ? own : known);
    }
}

static void answer(gpointer data, gpointer user_data)
{
    g_autofree Call *call = data;
    const struct seccomp_notif *notif = &call->notif;
    Listener *listener = call->listener;

    (void)user_data;
    note_filters(listener, notif);
    if (!call_abi_is_native(&notif->data)) {
        answer_foreign(listener, notif);
    } else if (notif->data.nr == SYS_mmap) {
        guest_mmap_answer(&listener->config.mmap, listener->fd, notif);
    } else if (notif->data.nr == SYS_ioctl) {
        guest_ioctl_answer(&listener->config.ioctl, listener->fd, notif);
    } else if (notif->data.nr == SYS_pidfd_getfd) {
        answer_getfd(listener, notif);
    } else if (notif->data.nr == SYS_unshare || notif->data.nr == SYS_setns) {
        answer_alone(listener, notif);
    } else if (notif->data.nr == SYS_ptrace) {
        guest_attach_answer(listener->config.mmap.agents, listener->fd, notif);
    } else if (notif->data.nr == SYS_pidfd_open) {
        /* PIDFD_THREAD would give access to an agent's descriptor table. Refuse it as kernels before 6.9 do. */
        notification_fail(listener->fd, notif->id, EINVAL);
    } else {
        guest_open_answer(&listener->config.open, listener->fd, notif,
                          (unsigned)g_atomic_int_get(&listener->filters));
    }
}

static void do_call(Listener *listener, Call *call)
{
    if (reader_pool_may_wait(listener->pool)) {
        answer(call, listener);
    } else {
        reader_pool_leave(listener->pool, call);
    }
}

/*
 * Take a call if there is one. RECV would block if another thread had taken the call after poll(), but only one thread at a
 * time runs this part.
 */
static ReaderServed serve_listener(unsigned source, gpointer data)
{
    Listener *listener = data;
    struct pollfd polled = {.fd = listener->fd, .events = POLLIN};

    (void)source; /* there is only one */
    if (poll(&polled, 1, 0) <= 0) {
        return READER_NOTHING;
    }
    if (!(polled.revents & POLLIN)) {
        return READER_OVER; /* the listener does not watch any task any more */
    }
    /* The kernel requires a zeroed struct. RECV fails with ENOENT if the caller was interrupted before. */
    g_autofree Call *call = g_new0(Call, 1);
    call->listener = listener;
    if (ioctl(listener->fd, SECCOMP_IOCTL_NOTIF_RECV, &call->notif) < 0 ||
        agents_notified(listener->config.mmap.agents, &call->notif)) {
        return READER_SERVED;
    }
    do_call(listener, g_steal_pointer(&call));
    return READER_SERVED;
}

static const ReaderPoolOps pool_ops = {.serve = serve_listener, .run = answer, .drop = g_free};

Listener *listener_start(const ListenerConfig *config, int fd)
{
    Listener *listener = g_new0(Listener, 1);

    listener->config = *config;
    listener->fd = fd;
    listener->filters = (gint)config->filters;
    notification_hand_over(fd);
    listener->pool = reader_pool_new(&(ReaderPoolConfig){
        .name = "broker-listen",
        .ops = &pool_ops,
        .data = listener,
        .sources = &listener->fd,
        .n_sources = 1,
        .workers = config->threads,
        .keeps = true,
        .ends = true,
    });
    reader_pool_start(listener->pool);
    return listener;
}

bool listener_is_over(Listener *listener)
{
    return reader_pool_is_over(listener->pool);
}

void listener_stop(Listener *listener)
{
    reader_pool_stop(listener->pool);
    reader_pool_free(listener->pool);
    close(listener->fd);
    g_free(listener);
}
