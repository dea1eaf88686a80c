/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/stand-ins.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/broker/cuse-nodes.h"
#include "cuse-server/broker/node-fs.h"
#include "cuse-server/sandbox/detached-mount.h"
#include "cuse-server/transport/broker-protocol.h"
#include "cuse-server/transport/close-if-open.h"
#include "cuse-server/transport/fuse-files.h"

/*
 * #syscalls:broker openat2 newfstatat fstat statx fcntl ioctl dup3 close
 * #syscalls:before openat getrandom
 */

void stand_ins_init(StandIns *stand_ins, TransportKind transport, const char *name,
                    const Device *devices, unsigned n_devices)
{
    *stand_ins = (StandIns){.transport = transport,
                            .name = name,
                            .devices = devices,
                            .n_devices = n_devices,
                            .fs = -1,
                            .slot.lock = -1,
                            .connection = -1};
}

/* --- CUSE ------------------------------------------------------------------------------------- */

static dev_t cuse_number(const StandIns *stand_ins, unsigned device)
{
    return makedev(stand_ins->major_no, slot_first_minor(&stand_ins->slot) + device);
}

static bool make_secret(uint64_t *secret, GError **error)
{
    if (getrandom(secret, sizeof *secret, 0) == sizeof *secret) {
        return true;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "cannot get random bytes: %s",
                g_strerror(errno));
    return false;
}

static bool prepare_cuse(StandIns *stand_ins, GError **error)
{
    if (!make_secret(&stand_ins->secret, error) ||
        !cuse_node_check_free(stand_ins->name, stand_ins->devices[0].name, error) ||
        !slots_major(&stand_ins->major_no, error)) {
        return false;
    }
    stand_ins->fs = node_fs_new(error);
    for (unsigned i = 0; stand_ins->fs >= 0 && i < stand_ins->n_devices; i++) {
        if (!node_fs_add(stand_ins->fs, "dev", stand_ins->devices[i].name,
                         cuse_number(stand_ins, i), error)) {
            return false;
        }
    }
    return stand_ins->fs >= 0;
}

static int cuse_device(const StandIns *stand_ins, const struct stat *st)
{
    unsigned index = minor(st->st_rdev) - slot_first_minor(&stand_ins->slot);

    /* The slot's block of minors is this instance's alone. */
    return S_ISCHR(st->st_mode) && major(st->st_rdev) == stand_ins->major_no &&
                   index < stand_ins->n_devices
               ? (int)index
               : -1;
}

static int identify_cuse(const StandIns *stand_ins, int fd, uint32_t *id)
{
    struct stat st;
    int found = fstat(fd, &st) == 0 && cuse_device(stand_ins, &st) >= 0
                    ? ioctl(fd, IDENTIFY_COMMAND, stand_ins->secret)
                    : -1;

    *id = (uint32_t)MAX(found, 0);
    return found > 0 ? 0 : EBADF;
}

/* --- FUSE ------------------------------------------------------------------------------------- */

static int mount_fuse(int connection)
{
    g_autofree char *fd = g_strdup_printf("%d", connection);
    const MountOption options[] = {
        {"fd", fd},        {"rootmode", "40755"}, {"user_id", "0"},
        {"group_id", "0"}, {"allow_other", NULL}, {NULL, NULL},
    };

    /* The worker that answers for it may have fallen: what it shows is no device and no program. */
    return detached_mount("fuse", options,
                          MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

static bool prepare_fuse(StandIns *stand_ins, GError **error)
{
    struct statx st;

    stand_ins->connection = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (stand_ins->connection < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot open /dev/fuse: %s%s",
                    g_strerror(errno),
                    errno == ENOENT || errno == ENODEV
                        ? " (modprobe fuse; the kernel needs CONFIG_FUSE_FS)"
                        : "");
        return false;
    }
    stand_ins->fs = mount_fuse(stand_ins->connection);
    /* This much the kernel knows without asking the worker, of which there is none yet. */
    if (stand_ins->fs < 0 ||
        statx(stand_ins->fs, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &st) < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "cannot make a FUSE file system: %s (this needs root)", g_strerror(errno));
        return false;
    }
    stand_ins->fs_number = makedev(st.stx_dev_major, st.stx_dev_minor);
    return true;
}

static int fuse_device(const StandIns *stand_ins, const struct stat *st)
{
    unsigned index = fuse_files_place(st->st_ino) - FUSE_FILES_FIRST_PLACE;

    return S_ISREG(st->st_mode) && st->st_dev == stand_ins->fs_number &&
                   index < stand_ins->n_devices
               ? (int)index
               : -1;
}

/*
 * Names are looked up by a worker that may have fallen: no link of its making leads out of the file
 * system, and what was opened is a regular file in it.
 */
static int open_fuse(const StandIns *stand_ins, unsigned device, int flags)
{
    g_autofree char *path = g_strconcat("dev/", stand_ins->devices[device].name, NULL);
    const struct open_how how = {
        .flags = (unsigned)((flags & (O_ACCMODE | O_NONBLOCK)) | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
    };
    int fd = (int)syscall(SYS_openat2, stand_ins->fs, path, &how, sizeof how);
    struct stat st;

    if (fd >= 0 && (fstat(fd, &st) < 0 || fuse_device(stand_ins, &st) != (int)device)) {
        close(fd);
        errno = EIO;
        fd = -1;
    }
    return fd;
}

/*
 * By what the kernel has of it: the worker is not asked, nor waited for. One that was opened with O_PATH is no
 * open file: nothing can be called on it.
 */
static int identify_fuse(const StandIns *stand_ins, int fd, uint32_t *id)
{
    struct statx found;
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || (flags & O_PATH) ||
        statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &found) < 0) {
        return EBADF;
    }
    const struct stat st = {.st_mode = found.stx_mode,
                            .st_dev = makedev(found.stx_dev_major, found.stx_dev_minor),
                            .st_ino = found.stx_ino};
    *id = (uint32_t)fuse_files_id(st.st_ino);
    return fuse_device(stand_ins, &st) >= 0 ? 0 : EBADF;
}

/* --- both ------------------------------------------------------------------------------------- */

bool stand_ins_prepare(StandIns *stand_ins, GError **error)
{
    return slot_take(&stand_ins->slot, error) &&
           (stand_ins->transport == TRANSPORT_CUSE ? prepare_cuse(stand_ins, error)
                                                   : prepare_fuse(stand_ins, error));
}

bool stand_ins_renew(StandIns *stand_ins, GError **error)
{
    if (stand_ins->transport == TRANSPORT_CUSE || stand_ins->connection >= 0) {
        return true;
    }
    close_if_open(stand_ins->fs);
    stand_ins->fs = -1;
    return prepare_fuse(stand_ins, error);
}

/* The descriptor keeps its number: a thread that has just read it opens in the one or the other. */
void stand_ins_exchange(StandIns *stand_ins, int fs, dev_t fs_number)
{
    stand_ins->fs_number = fs_number;
    (void)dup3(fs, stand_ins->fs, O_CLOEXEC);
    close(fs);
}

bool stand_ins_check(const StandIns *stand_ins, GError **error)
{
    /* The FUSE file system was there before the worker. */
    for (unsigned i = 0; stand_ins->transport == TRANSPORT_CUSE && i < stand_ins->n_devices; i++) {
        if (!cuse_node_check(stand_ins->name, stand_ins->devices[i].name, cuse_number(stand_ins, i),
                             error)) {
            return false;
        }
    }
    return true;
}

bool stand_ins_wait_removed(const StandIns *stand_ins, unsigned seconds, GError **error)
{
    for (unsigned i = 0; stand_ins->transport == TRANSPORT_CUSE && i < stand_ins->n_devices; i++) {
        if (!cuse_node_wait_removed(stand_ins->name, stand_ins->devices[i].name, seconds, error)) {
            return false;
        }
    }
    return true;
}

void stand_ins_clear(StandIns *stand_ins)
{
    close_if_open(stand_ins->fs);
    close_if_open(stand_ins->slot.lock);
    close_if_open(stand_ins->connection);
}

int stand_ins_open(const StandIns *stand_ins, unsigned device, int flags)
{
    return stand_ins->transport == TRANSPORT_CUSE
               ? node_fs_open(stand_ins->fs, "dev", stand_ins->devices[device].name, flags)
               : open_fuse(stand_ins, device, flags);
}

int stand_ins_device(const StandIns *stand_ins, const struct stat *st)
{
    return stand_ins->transport == TRANSPORT_CUSE ? cuse_device(stand_ins, st)
                                                  : fuse_device(stand_ins, st);
}

int stand_ins_identify(const StandIns *stand_ins, int fd, uint32_t *id)
{
    return stand_ins->transport == TRANSPORT_CUSE ? identify_cuse(stand_ins, fd, id)
                                                  : identify_fuse(stand_ins, fd, id);
}
