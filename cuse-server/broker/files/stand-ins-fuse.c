/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stand-ins that are files of a FUSE file system, which the worker serves. The worker may be compromised: the broker identifies a
 * file by the number under which the kernel knows it, and takes only a file with a new number for a new one.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/base/mounts/detached-mount.h"
#include "cuse-server/broker/files/stand-ins-ops.h"
#include "cuse-server/wire/fuse-inode.h"

/* #syscalls:broker openat openat2 name_to_handle_at close */

/* New in Linux 6.5. From 6.8 on, this flag makes the kernel return a handle of a FUSE file, for identification only. */
#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID 0x200
#endif

/* The type and the length of handles that FUSE makes: fs/fuse/inode.c, fuse_encode_fh(). */
enum { FUSE_HANDLE_TYPE = 0x81, FUSE_HANDLE_WORDS = 3 };

static int mount_fuse(int connection)
{
    g_autofree char *fd = g_strdup_printf("%d", connection);
    const MountOption options[] = {
        {"fd", fd},        {"rootmode", "40755"}, {"user_id", "0"},
        {"group_id", "0"}, {"allow_other", NULL}, {NULL, NULL},
    };

    /* The worker that serves it may be compromised: the kernel must not treat its files as devices or programs. */
    return detached_mount("fuse", options,
                          MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

static bool prepare(StandIns *stand_ins, GError **error)
{
    struct stat st;

    stand_ins->connection = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (stand_ins->connection < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot open /dev/fuse: %s%s",
                    g_strerror(errno),
                    errno == ENOENT || errno == ENODEV
                        ? "; load the module: modprobe fuse (the kernel needs CONFIG_FUSE_FS)"
                        : "");
        return false;
    }
    stand_ins->fs = mount_fuse(stand_ins->connection);
    /* The kernel answers this without asking the worker, which does not exist yet. */
    if (stand_ins->fs < 0 || !stand_ins_stat(stand_ins->fs, &st)) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "cannot mount a FUSE file system: %s (requires root, with CAP_SYS_ADMIN)",
                    g_strerror(errno));
        /* renew() takes a connection for that of a file system without a worker. */
        close(stand_ins->connection);
        stand_ins->connection = -1;
        return false;
    }
    stand_ins->fs_number = st.st_dev;
    opens_renew(stand_ins->opens, st.st_dev);
    return true;
}

/* A file system serves one worker only. It has had no worker yet if its connection is still here. */
static bool renew(StandIns *stand_ins, GError **error)
{
    if (stand_ins->connection >= 0) {
        return true;
    }
    close_if_open(stand_ins->fs);
    stand_ins->fs = -1;
    return prepare(stand_ins, error);
}

/*
 * Get the number that the worker gave an inode when the kernel looked it up (its node id). The kernel finds the inode by this
 * number, so the number does not change. (st_ino may change: the worker can return another each time the kernel asks for
 * attributes.) Returns 0 if the number cannot be read.
 */
static uint64_t fuse_node(int fd)
{
    union {
        struct file_handle handle;
        uint8_t room[sizeof(struct file_handle) + FUSE_HANDLE_WORDS * sizeof(uint32_t)];
    } found = {.handle.handle_bytes = FUSE_HANDLE_WORDS * sizeof(uint32_t)};
    uint32_t words[FUSE_HANDLE_WORDS];
    int mount;

    if (name_to_handle_at(fd, "", &found.handle, &mount, AT_EMPTY_PATH | AT_HANDLE_FID) < 0 &&
        (errno != EINVAL || name_to_handle_at(fd, "", &found.handle, &mount, AT_EMPTY_PATH) < 0)) {
        return 0;
    }
    if (found.handle.handle_type != FUSE_HANDLE_TYPE || found.handle.handle_bytes != sizeof words) {
        return 0;
    }
    memcpy(words, found.handle.f_handle, sizeof words);
    return (uint64_t)words[0] << 32 | words[1];
}

/* Find the device that a file stands for, or -1. @node: set to the number of the file's inode, or 0 */
static int find_device(const StandIns *stand_ins, int fd, const struct stat *st, uint64_t *node)
{
    *node = 0;
    if (!S_ISREG(st->st_mode) || st->st_dev != stand_ins->fs_number) {
        return -1;
    }
    *node = fuse_node(fd);
    unsigned index = fuse_files_place(*node) - FUSE_FILES_FIRST_PLACE;
    return index < stand_ins->n_devices ? (int)index : -1;
}

/* Returns true if the file just opened is a new regular file in the file system, and stands for @device. */
static bool is_new(const StandIns *stand_ins, int fd, unsigned device, FileKey *file)
{
    struct stat st;
    uint64_t node;

    if (!stand_ins_stat(fd, &st) || find_device(stand_ins, fd, &st, &node) != (int)device ||
        !opens_spend(stand_ins->opens, st.st_dev, fuse_files_id(node))) {
        return false;
    }
    *file = file_key(st.st_dev, (uint32_t)fuse_files_id(node));
    return true;
}

/*
 * Open a file of the FUSE file system. The worker, which may be compromised, resolves the name. So openat2() follows no
 * link that the worker makes and does not leave the file system, and is_new() checks what was opened.
 */
static int open_stand_in(const StandIns *stand_ins, unsigned device, int flags, FileKey *file)
{
    g_autofree char *path = g_strconcat("dev/", stand_ins->devices[device].name, NULL);
    const struct open_how how = {
        .flags = (unsigned)(flags | O_CLOEXEC | O_NOCTTY),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
    };
    int fd = (int)syscall(SYS_openat2, stand_ins->fs, path, &how, sizeof how);

    if (fd >= 0 && !is_new(stand_ins, fd, device, file)) {
        close(fd);
        errno = EIO;
        fd = -1;
    }
    return fd;
}

static int identify(const StandIns *stand_ins, int fd, const struct stat *st, FileKey *file)
{
    uint64_t node;

    if (find_device(stand_ins, fd, st, &node) < 0 || fuse_files_id(node) > INT32_MAX) {
        return EBADF;
    }
    *file = file_key(st->st_dev, (uint32_t)fuse_files_id(node));
    return 0;
}

static int device_of(const StandIns *stand_ins, int fd, const struct stat *st)
{
    uint64_t node;

    return find_device(stand_ins, fd, st, &node);
}

static dev_t space(const StandIns *stand_ins)
{
    return stand_ins->fs_number;
}

/* The file system exists before the worker, and ends with it: there is nothing to check, or to wait for. */
const StandInsOps stand_ins_fuse_ops = {
    .prepare = prepare,
    .renew = renew,
    .open = open_stand_in,
    .device = device_of,
    .identify = identify,
    .space = space,
};
