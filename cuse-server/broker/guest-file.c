/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/guest-file.h"

#include <errno.h>

#include "cuse-server/broker/guest-thread.h"

int guest_file_which(int fd, uint32_t *id, const void *data)
{
    const GuestFiles *files = data;

    return stand_ins_identify(files->stand_ins, fd, id);
}

static int identify(const GuestFiles *files, int duplicate, uint32_t *id)
{
    return duplicate < 0 ? EBADF : stand_ins_identify(files->stand_ins, duplicate, id);
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
