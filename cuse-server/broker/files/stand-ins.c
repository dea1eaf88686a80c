/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stand-ins of both transports. Each transport has a table of functions (stand-ins-ops.h).
 *
 * A file here may be on a file system that a worker serves. The functions of all three files ask the kernel only for what it has
 * itself stored about such a file (its type, its numbers, its handle). They make no call that the worker could answer.
 */
#include "cuse-server/broker/files/stand-ins.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/files/stand-ins-ops.h"
#include "cuse-server/wire/broker-protocol.h"

/* #syscalls:broker statx dup3 fcntl close */

void stand_ins_init(StandIns *stand_ins, TransportKind transport, const char *name,
                    const Device *devices, unsigned n_devices)
{
    static const StandInsOps *const ops[] = {
        [TRANSPORT_CUSE] = &stand_ins_cuse_ops, [TRANSPORT_NOTIFY] = &stand_ins_fuse_ops};

    *stand_ins = (StandIns){.ops = ops[transport],
                            .name = name,
                            .devices = devices,
                            .n_devices = n_devices,
                            .fs = -1,
                            .slot.lock = -1,
                            .connection = -1,
                            .opens = opens_new()};
}

bool stand_ins_stat(int fd, struct stat *st)
{
    struct statx found;

    if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &found) < 0) {
        return false;
    }
    *st = (struct stat){.st_mode = found.stx_mode,
                        .st_dev = makedev(found.stx_dev_major, found.stx_dev_minor),
                        .st_rdev = makedev(found.stx_rdev_major, found.stx_rdev_minor),
                        .st_ino = found.stx_ino};
    return true;
}

bool stand_ins_prepare(StandIns *stand_ins, GError **error)
{
    return slot_take(&stand_ins->slot, error) && stand_ins->ops->prepare(stand_ins, error);
}

bool stand_ins_renew(StandIns *stand_ins, GError **error)
{
    return stand_ins->ops->renew(stand_ins, error);
}

/* dup3() keeps the descriptor's number. A thread that has just read @fs opens in the old file system or in the new one. */
void stand_ins_exchange(StandIns *stand_ins, int fs, dev_t fs_number)
{
    stand_ins->fs_number = fs_number;
    opens_renew(stand_ins->opens, fs_number);
    (void)dup3(fs, stand_ins->fs, O_CLOEXEC);
    close(fs);
}

bool stand_ins_check(const StandIns *stand_ins, GError **error)
{
    return !stand_ins->ops->check || stand_ins->ops->check(stand_ins, error);
}

bool stand_ins_wait_removed(const StandIns *stand_ins, unsigned seconds, GError **error)
{
    return !stand_ins->ops->wait_removed || stand_ins->ops->wait_removed(stand_ins, seconds, error);
}

void stand_ins_clear(StandIns *stand_ins)
{
    close_if_open(stand_ins->fs);
    close_if_open(stand_ins->slot.lock);
    close_if_open(stand_ins->connection);
    g_clear_pointer(&stand_ins->nodes, fresh_nodes_free);
    g_clear_pointer(&stand_ins->opens, opens_free);
}

int stand_ins_open(const StandIns *stand_ins, unsigned device, int flags, FileKey *file)
{
    int fd =
        stand_ins->ops->open(stand_ins, device, flags & (O_ACCMODE | O_NONBLOCK | O_SYNC), file);

    /* In the open itself, O_APPEND has another meaning for the worker: OPEN_IN_ADVANCE. */
    if (fd >= 0 && (flags & O_APPEND) && fcntl(fd, F_SETFL, flags & (O_APPEND | O_NONBLOCK)) < 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

int stand_ins_open_in_advance(const StandIns *stand_ins, unsigned device, FileKey *file)
{
    int fd = stand_ins->ops->open(stand_ins, device, O_RDWR | OPEN_IN_ADVANCE, file);

    if (fd >= 0 && fcntl(fd, F_SETFL, 0) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

uint32_t stand_ins_opening(const StandIns *stand_ins, pid_t tid, unsigned device)
{
    return opens_find(stand_ins->opens, tid, device);
}

int stand_ins_device(const StandIns *stand_ins, int fd, const struct stat *st)
{
    return stand_ins->ops->device(stand_ins, fd, st);
}

int stand_ins_identify(const StandIns *stand_ins, int fd, FileKey *file)
{
    struct stat st;

    return stand_ins_stat(fd, &st) ? stand_ins->ops->identify(stand_ins, fd, &st, file) : EBADF;
}

FileKey stand_ins_key(const StandIns *stand_ins, uint32_t id)
{
    return file_key(stand_ins->ops->space(stand_ins), id);
}
