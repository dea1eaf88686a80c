/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/identity/guest-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/guests/notification.h"
#include "cuse-server/broker/identity/guest-thread.h"

/* #syscalls:broker openat statx close */

int guest_file_which(int fd, FileKey *key, const void *data)
{
    const GuestFiles *files = data;

    return stand_ins_identify(files->stand_ins, fd, key);
}

static int identify(const GuestFiles *files, const char *directory, int fd, FileKey *key, int *file)
{
    *file = guest_thread_file(directory, fd);
    return *file < 0 ? EBADF : stand_ins_identify(files->stand_ins, *file, key);
}

/*
 * Open the fdinfo file of a guest's descriptor. The broker does not read it, because reading may wait for a guest
 * (worker/kept-descriptors.h).
 * @file: an O_PATH descriptor of the file that was found at the number @fd
 */
static GuestDescriptor open_descriptor(const char *directory, int fd, int file)
{
    const unsigned wanted = STATX_INO | STATX_MNT_ID;
    g_autofree char *path = g_strdup_printf("%s/fdinfo/%d", directory, fd);
    struct statx found;

    if (statx(file, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, wanted, &found) < 0 ||
        (found.stx_mask & wanted) != wanted) {
        return (GuestDescriptor){.info = -1};
    }
    return (GuestDescriptor){open(path, O_RDONLY | O_CLOEXEC), found.stx_ino, found.stx_mnt_id};
}

int guest_file_identify(const GuestFiles *files, pid_t tid, int fd, FileKey *key,
                        GuestDescriptor *seen)
{
    g_autofree char *path = g_strdup_printf("/proc/%d", tid);
    g_autofree char *directory = NULL;
    int file = -1;
    int error = EBADF;
    int thread = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    *seen = (GuestDescriptor){.info = -1};
    /* Ask first whether @tid is a guest's. If the descriptor can be looked at in @directory afterwards, the thread still
     * lives, so the answer was about this thread. */
    directory = g_strdup_printf("/proc/self/fd/%d", thread);
    if (thread >= 0 && guest_members_have(files->members, tid)) {
        error = identify(files, directory, fd, key, &file);
    }
    if (error == 0) {
        *seen = open_descriptor(directory, fd, file);
    }
    close_if_open(file);
    close_if_open(thread);
    return error;
}

int guest_file_identify_waiting(const GuestFiles *files, int listener,
                                const struct seccomp_notif *notif, int fd, FileKey *key, int *file)
{
    g_autofree char *directory = g_strdup_printf("/proc/%u", notif->pid);
    int error = identify(files, directory, fd, key, file);

    /* If the thread still waits, its number was not reused, so the descriptor is its own. */
    return error || notification_is_valid(listener, notif->id) ? error : EBADF;
}
