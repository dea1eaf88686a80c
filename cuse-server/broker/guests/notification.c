/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/guests/notification.h"

#include <errno.h>
#include <sys/ioctl.h>

/* #syscalls:broker ioctl */

void notification_hand_over(int listener)
{
    (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
}

/* Send the response. Returns false with ENOENT in errno if the caller does not wait any more. */
static bool send(int listener, struct seccomp_notif_resp response)
{
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) == 0;
}

bool notification_is_valid(int listener, uint64_t id)
{
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

void notification_continue(int listener, uint64_t id)
{
    (void)send(listener,
               (struct seccomp_notif_resp){.id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE});
}

void notification_fail(int listener, uint64_t id, int error)
{
    (void)send(listener, (struct seccomp_notif_resp){.id = id, .error = -error});
}

bool notification_return(int listener, uint64_t id, int64_t value)
{
    return send(listener, (struct seccomp_notif_resp){.id = id, .val = value});
}

static int add_fd(int listener, uint64_t id, int fd, int number, int flags, uint32_t how)
{
    struct seccomp_notif_addfd add = {
        .id = id,
        .flags = how,
        .srcfd = (uint32_t)fd,
        .newfd = (uint32_t)number,
        .newfd_flags = (uint32_t)flags,
    };
    int added = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);

    return added < 0 ? -errno : added;
}

int notification_add(int listener, uint64_t id, int fd, int flags)
{
    return add_fd(listener, id, fd, 0, flags, 0);
}

int notification_put(int listener, uint64_t id, int fd, int number, int flags)
{
    return add_fd(listener, id, fd, number, flags, SECCOMP_ADDFD_FLAG_SETFD);
}

int notification_give_as(int listener, uint64_t id, int fd, int number, int flags)
{
    return add_fd(listener, id, fd, number, flags,
                  SECCOMP_ADDFD_FLAG_SETFD | SECCOMP_ADDFD_FLAG_SEND);
}

int notification_give(int listener, uint64_t id, int fd, int flags)
{
    return add_fd(listener, id, fd, 0, flags, SECCOMP_ADDFD_FLAG_SEND);
}
