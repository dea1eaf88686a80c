/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cuse-server/broker/call-abi.h"
#include "cuse-server/broker/guest-path.h"
#include "cuse-server/broker/guest-thread.h"
#include "cuse-server/broker/notification.h"
#include "cuse-server/transport/close-if-open.h"
#include "cuse-server/transport/leader-pool.h"

/* #syscalls:broker eventfd2 poll ioctl write close */

struct Listener {
    ListenerConfig config;
    int fd;
    int stop; /* eventfd */
    LeaderPool *pool;
};

/* What a guest waits in. */
typedef struct {
    const Listener *listener;
    struct seccomp_notif notif;
    GuestIoctlCall ioctl; /* if it is one */
} Call;

/* An open() or openat(), as the guest called it. */
typedef struct {
    int dirfd;
    uint64_t path;
    int flags;
} OpenCall;

static bool decode_open(const struct seccomp_data *data, OpenCall *call)
{
    switch (data->nr) {
    case SYS_open:
        *call = (OpenCall){AT_FDCWD, data->args[0], (int)data->args[1]};
        return true;
    case SYS_openat:
        *call = (OpenCall){(int)data->args[0], data->args[1], (int)data->args[2]};
        return true;
    default:
        return false;
    }
}

/*
 * The instance's device behind a file: one that has the number that the guest's nodes show, or one of ours,
 * which a guest reaches through /proc/self/fd. -1: neither.
 */
static int find_device(const StandIns *stand_ins, int fd, const struct stat *st)
{
    for (unsigned i = 0; S_ISCHR(st->st_mode) && i < stand_ins->n_devices; i++) {
        if (st->st_rdev == stand_ins->devices[i].number) {
            return (int)i;
        }
    }
    return stand_ins_device(stand_ins, fd, st);
}

static int device_of_call(const Listener *listener, pid_t tid, const OpenCall *call)
{
    g_autofree char *path = g_malloc(PATH_MAX);
    struct stat st;
    int device = -1;
    int fd;

    if (guest_thread_string(tid, call->path, path, PATH_MAX) < 0 ||
        (fd = guest_path_open(tid, call->dirfd, path, call->flags)) < 0) {
        return -1;
    }
    if (stand_ins_stat(fd, &st)) {
        device = find_device(listener->config.stand_ins, fd, &st);
    }
    close(fd);
    return device;
}

/* Open our device for the guest, whose @rights are owned, and put the file into its table, as the result of its
 * open(). */
static void inject_open(const Listener *listener, uint64_t notification, int device, int flags,
                        GuestRights *rights)
{
    FileKey file;
    int fd = stand_ins_open(listener->config.stand_ins, (unsigned)device, flags, &file);
    int error = fd < 0 ? errno : 0;

    if (fd < 0) {
        guest_rights_unref(rights);
    } else {
        openers_note(listener->config.openers, file, rights);
        int number = notification_give(listener->fd, notification, fd, flags & O_CLOEXEC);
        error = number < 0 ? -number : 0; /* EMFILE: the guest's table is full */
    }
    if (error && error != ENOENT) {
        notification_fail(listener->fd, notification, error);
    }
    close_if_open(fd);
}

/*
 * See that the caller is a guest from now on, if it still waits: then what was read of it was its own.
 * Returns: false if it waits no more, or we are short of descriptors.
 */
static bool admit(const Listener *listener, const struct seccomp_notif *notif)
{
    g_auto(GuestHome) home = {.fd = -1};
    const pid_t tid = (pid_t)notif->pid;
    const bool known = guest_members_know(listener->config.members, tid);

    if ((!known && !guest_home_find(tid, &home)) ||
        !notification_is_valid(listener->fd, notif->id)) {
        return false;
    }
    if (!known) {
        guest_members_add(listener->config.members, &home);
    }
    return true;
}

static GuestRights *read_rights(const struct seccomp_notif *notif)
{
    g_autofree char *directory = g_strdup_printf("/proc/%u", notif->pid);

    return guest_rights_read(directory, true);
}

static void answer_open(const Listener *listener, const struct seccomp_notif *notif)
{
    g_autoptr(GuestRights) rights = NULL;
    OpenCall call;
    int device = -1;

    if (decode_open(&notif->data, &call)) {
        device = device_of_call(listener, (pid_t)notif->pid, &call);
    }
    /* Like a dma-buf of the driver's, one of ours cannot be opened anew by /proc/self/fd. */
    if (device >= 0 && !device_has_node(&listener->config.stand_ins->devices[device])) {
        notification_fail(listener->fd, notif->id, ENXIO);
        return;
    }
    if (device >= 0 && (rights = read_rights(notif)) && admit(listener, notif)) {
        inject_open(listener, notif->id, device, call.flags, g_steal_pointer(&rights));
    } else {
        notification_continue(listener->fd, notif->id);
    }
}

/*
 * pidfd_getfd(pidfd, number, flags): it must not take from the table of an agent. There is none that it could take from
 * where the kernel has no pidfds of threads; with flags it takes nothing.
 */
static void answer_getfd(const Listener *listener, const struct seccomp_notif *notif)
{
    if ((uint32_t)notif->data.args[2] != 0 || !guest_threads_have_pidfds()) {
        notification_continue(listener->fd, notif->id);
    } else if (admit(listener, notif)) {
        agents_take_file(listener->config.mmap.agents, listener->fd, notif);
    } else {
        notification_fail(listener->fd, notif->id,
                          ESRCH); /* it is gone, or we are short of descriptors */
    }
}

/* As the filter of `nvcuse run` answers them. New calls have one number in all ABIs, but for x32's bit. */
static void answer_foreign(const Listener *listener, const struct seccomp_notif *notif)
{
    if (call_abi_may_go_on(&notif->data)) {
        notification_continue(listener->fd, notif->id);
    } else {
        bool getfd = ((uint32_t)notif->data.nr & ~(uint32_t)__X32_SYSCALL_BIT) == SYS_pidfd_getfd;
        notification_fail(listener->fd, notif->id, getfd ? ENOSYS : EINVAL);
    }
}

static bool is_ioctl(const Call *call)
{
    return call_abi_is_native(&call->notif.data) && call->notif.data.nr == SYS_ioctl;
}

static void answer(gpointer data, gpointer user_data)
{
    g_autofree Call *call = data;
    const struct seccomp_notif *notif = &call->notif;
    const Listener *listener = call->listener;

    (void)user_data;

    if (!call_abi_is_native(&notif->data)) {
        answer_foreign(listener, notif);
    } else if (notif->data.nr == SYS_mmap) {
        guest_mmap_answer(&listener->config.mmap, listener->fd, notif);
    } else if (notif->data.nr == SYS_ioctl) {
        guest_ioctl_finish(&listener->config.ioctl, notif, &call->ioctl);
    } else if (notif->data.nr == SYS_pidfd_getfd) {
        answer_getfd(listener, notif);
    } else if (notif->data.nr == SYS_pidfd_open) {
        /* PIDFD_THREAD, which would open an agent's descriptor table: as kernels before 6.9. */
        notification_fail(listener->fd, notif->id, EINVAL);
    } else {
        answer_open(listener, notif);
    }
}

/* An ioctl() that the worker is at has to come to its end all the same. */
static void drop_call(gpointer data)
{
    g_autofree Call *call = data;

    if (is_ioctl(call)) {
        guest_ioctl_finish(&call->listener->config.ioctl, &call->notif, &call->ioctl);
    }
}

/*
 * Wait for a call. NULL: no task is left that is watched, or the listener is being stopped. An ioctl() is
 * begun before the lead is handed over, which takes as long as the worker takes for a short one.
 */
static gpointer take_call(gpointer data)
{
    const Listener *listener = data;
    struct pollfd polls[] = {{.fd = listener->fd, .events = POLLIN},
                             {.fd = listener->stop, .events = POLLIN}};

    while (!(polls[0].revents & (POLLHUP | POLLERR | POLLNVAL)) && !polls[1].revents) {
        if (poll(polls, G_N_ELEMENTS(polls), -1) < 0 || !(polls[0].revents & POLLIN)) {
            continue;
        }
        /* The kernel wants it zeroed. ENOENT: the caller was interrupted before we came. */
        g_autofree Call *call = g_new0(Call, 1);
        call->listener = listener;
        if (ioctl(listener->fd, SECCOMP_IOCTL_NOTIF_RECV, &call->notif) < 0 ||
            agents_notified(listener->config.mmap.agents, &call->notif)) {
            continue;
        }
        if (is_ioctl(call)) {
            guest_ioctl_begin(&listener->config.ioctl, listener->fd, &call->notif, &call->ioctl);
        }
        return g_steal_pointer(&call);
    }
    return NULL;
}

static const LeaderPoolOps pool_ops = {.take = take_call, .run = answer, .drop = drop_call};

Listener *listener_start(const ListenerConfig *config, int fd)
{
    Listener *listener = g_new0(Listener, 1);

    listener->config = *config;
    listener->fd = fd;
    notification_hand_over(fd);
    listener->stop = eventfd(0, EFD_CLOEXEC);
    g_assert(listener->stop >= 0);
    listener->pool = leader_pool_new("broker-listen", &pool_ops, listener, config->threads);
    return listener;
}

bool listener_is_over(Listener *listener)
{
    return leader_pool_is_over(listener->pool);
}

void listener_stop(Listener *listener)
{
    eventfd_write(listener->stop, 1);
    leader_pool_free(listener->pool);
    close(listener->fd);
    close(listener->stop);
    g_free(listener);
}
