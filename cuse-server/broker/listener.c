/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cuse-server/broker/guest-path.h"
#include "cuse-server/broker/guest-thread.h"
#include "cuse-server/broker/node-fs.h"
#include "cuse-server/transport/leader-pool.h"

struct Listener {
    ListenerConfig config;
    int fd;
    int stop; /* eventfd */
    LeaderPool *pool;
};

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
 * The instance's device behind a number: the one that the guest's nodes show, or that of the CUSE
 * device itself, which a guest reaches through /proc/self/fd. -1: neither.
 */
static int find_device(const ListenerConfig *config, dev_t number)
{
    for (unsigned i = 0; i < config->n_devices; i++) {
        if (number == config->devices[i].number ||
            number == makedev(config->slot.major_no, config->slot.first_minor + i)) {
            return (int)i;
        }
    }
    return -1;
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
    if (fstat(fd, &st) == 0 && S_ISCHR(st.st_mode)) {
        device = find_device(&listener->config, st.st_rdev);
    }
    close(fd);
    return device;
}

static bool still_valid(const Listener *listener, uint64_t id)
{
    return ioctl(listener->fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static void respond(const Listener *listener, uint64_t id, int error, uint32_t flags)
{
    struct seccomp_notif_resp response = {.id = id, .error = -error, .flags = flags};

    /* ENOENT: the guest was killed or interrupted meanwhile; there is nobody to tell. */
    (void)ioctl(listener->fd, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* Open our device for the guest and put the file into its table, as the result of its open(). */
static void inject_open(const Listener *listener, uint64_t id, int device, int flags)
{
    int fd = node_fs_open(listener->config.guest_nodes, "dev",
                          listener->config.devices[device].name, flags);
    struct seccomp_notif_addfd add = {
        .id = id,
        .flags = SECCOMP_ADDFD_FLAG_SEND,
        .srcfd = (uint32_t)fd,
        .newfd_flags = (uint32_t)(flags & O_CLOEXEC),
    };

    if (fd < 0) {
        respond(listener, id, errno, 0);
        return;
    }
    if (ioctl(listener->fd, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0 && errno != ENOENT) {
        respond(listener, id, errno, 0); /* EMFILE: the guest's table is full */
    }
    close(fd);
}

static void answer(gpointer data, gpointer user_data)
{
    g_autofree struct seccomp_notif *notif = data;
    const Listener *listener = user_data;
    OpenCall call;
    int device = -1;

    if (decode_open(&notif->data, &call)) {
        device = device_of_call(listener, (pid_t)notif->pid, &call);
    }
    /* What was read belonged to this caller only if it still waits. */
    if (device >= 0 && still_valid(listener, notif->id)) {
        inject_open(listener, notif->id, device, call.flags);
    } else {
        respond(listener, notif->id, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
    }
}

/* Wait for a call. NULL: no task is left that is watched, or the listener is being stopped. */
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
        struct seccomp_notif *notif = g_new0(struct seccomp_notif, 1);
        if (ioctl(listener->fd, SECCOMP_IOCTL_NOTIF_RECV, notif) == 0) {
            return notif;
        }
        g_free(notif);
    }
    return NULL;
}

static const LeaderPoolOps pool_ops = {.take = take_call, .run = answer, .drop = g_free};

Listener *listener_start(const ListenerConfig *config, int fd)
{
    Listener *listener = g_new0(Listener, 1);

    listener->config = *config;
    listener->fd = fd;
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
