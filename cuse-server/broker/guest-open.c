/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/guest-open.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cuse-server/broker/guest-path.h"
#include "cuse-server/broker/guest-rights.h"
#include "cuse-server/broker/guest-thread.h"
#include "cuse-server/broker/notification.h"

/* #syscalls:broker close */

/*
 * An open() or openat(), as the guest called it.
 * @id, @tid: of its notification
 */
typedef struct {
    int listener;
    uint64_t id;
    pid_t tid;
    int dirfd;
    uint64_t path;
    int flags;
} OpenCall;

static bool decode_open(int listener, const struct seccomp_notif *notif, OpenCall *call)
{
    const struct seccomp_data *data = &notif->data;

    *call = (OpenCall){.listener = listener, .id = notif->id, .tid = (pid_t)notif->pid};
    switch (data->nr) {
    case SYS_open:
        call->dirfd = AT_FDCWD;
        call->path = data->args[0];
        call->flags = (int)data->args[1];
        return true;
    case SYS_openat:
        call->dirfd = (int)data->args[0];
        call->path = data->args[1];
        call->flags = (int)data->args[2];
        return true;
    default:
        return false;
    }
}

/* --- which device ----------------------------------------------------------------------------- */

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

static int device_of_call(const GuestOpen *open, const OpenCall *call)
{
    g_autofree char *path = g_malloc(PATH_MAX);
    struct stat st;
    int device = -1;
    int fd;

    if (guest_thread_string(call->tid, call->path, path, PATH_MAX) < 0 ||
        (fd = guest_path_open(call->tid, call->dirfd, path, call->flags)) < 0) {
        return -1;
    }
    if (stand_ins_stat(fd, &st)) {
        device = find_device(open->stand_ins, fd, &st);
    }
    close(fd);
    return device;
}

static GuestRights *read_rights(pid_t tid)
{
    g_autofree char *directory = g_strdup_printf("/proc/%d", tid);

    return guest_rights_read(directory, true);
}

/* --- giving ----------------------------------------------------------------------------------- */

/* Put a file of ours into the guest's table, as the result of its open(). @fd is closed, @rights are owned. */
static void give(const GuestOpen *open, const OpenCall *call, int fd, FileKey file,
                 GuestRights *rights)
{
    openers_note(open->openers, file, rights);
    int number = notification_give(call->listener, call->id, fd, call->flags & O_CLOEXEC);

    /* EMFILE: the guest's table is full. */
    if (number < 0 && number != -ENOENT) {
        notification_fail(call->listener, call->id, -number);
    }
    close(fd);
}

/* Open a file for the guest. The worker opens the host's, and sees to the limit. */
static void open_and_give(const GuestOpen *open, const OpenCall *call, unsigned device,
                          GuestRights *rights)
{
    FileKey file;
    int fd = stand_ins_open(open->stand_ins, device, call->flags, &file);

    if (fd < 0) {
        notification_fail(call->listener, call->id, errno);
        guest_rights_unref(rights);
        return;
    }
    give(open, call, fd, file, rights);
}

void guest_open_answer(const GuestOpen *open, int listener, const struct seccomp_notif *notif)
{
    g_autoptr(GuestRights) rights = NULL;
    OpenCall call;
    int device = decode_open(listener, notif, &call) ? device_of_call(open, &call) : -1;

    /* Like a dma-buf of the driver's, one of ours cannot be opened anew by /proc/self/fd. */
    if (device >= 0 && !device_has_node(&open->stand_ins->devices[device])) {
        notification_fail(listener, notif->id, ENXIO);
        return;
    }
    if (device >= 0 && (rights = read_rights(call.tid)) &&
        guest_members_admit(open->members, listener, notif)) {
        open_and_give(open, &call, (unsigned)device, g_steal_pointer(&rights));
    } else {
        notification_continue(listener, notif->id);
    }
}
