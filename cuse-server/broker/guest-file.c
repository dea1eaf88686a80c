/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/guest-file.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "cuse-server/broker/guest-thread.h"
#include "cuse-server/transport/broker-protocol.h"

/* #syscalls:broker newfstatat fstat ioctl */

bool guest_file_is_own(int fd, const void *data)
{
    const GuestFiles *files = data;
    struct stat st;

    return fstat(fd, &st) == 0 && stand_ins_device(files->stand_ins, &st) >= 0;
}

static int identify(const GuestFiles *files, int duplicate, uint32_t *id)
{
    int found;

    if (duplicate < 0 || !guest_file_is_own(duplicate, files)) {
        return EBADF;
    }
    found = ioctl(duplicate, IDENTIFY_COMMAND, files->secret);
    if (found <= 0) {
        return EBADF;
    }
    *id = (uint32_t)found;
    return 0;
}

int guest_file_identify(const GuestFiles *files, pid_t tid, int fd, uint32_t *id, int *duplicate)
{
    *duplicate = guest_thread_dup(files->members, tid, fd);
    return identify(files, *duplicate, id);
}

int guest_file_identify_waiting(const GuestFiles *files, int listener,
                                const struct seccomp_notif *notif, int fd, uint32_t *id,
                                int *duplicate, pid_t *group)
{
    *duplicate = guest_thread_dup_waiting(listener, notif, fd, group);
    return identify(files, *duplicate, id);
}
