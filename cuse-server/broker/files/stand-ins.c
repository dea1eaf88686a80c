/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/files/stand-ins.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/base/detached-mount.h"
#include "cuse-server/base/node-fs.h"
#include "cuse-server/broker/files/cuse-nodes.h"
#include "cuse-server/wire/broker-protocol.h"
#include "cuse-server/wire/fuse-inode.h"

/*
 * #syscalls:broker openat openat2 statx name_to_handle_at dup3 fcntl close
 * #syscalls:broker gettid
 *
 * A file here may be on a file system that a worker serves. The functions here ask the kernel only for what it has itself
 * stored about such a file (its type, its numbers, its handle). They make no call that the worker could answer.
 */

/* New in Linux 6.5. From 6.8 on, this flag makes the kernel return a handle of a FUSE file, for identification only. */
#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID 0x200
#endif

/* The type and the length of handles that FUSE makes: fs/fuse/inode.c, fuse_encode_fh(). */
enum { FUSE_HANDLE_TYPE = 0x81, FUSE_HANDLE_WORDS = 3 };

void stand_ins_init(StandIns *stand_ins, TransportKind transport, const char *name,
                    const Device *devices, unsigned n_devices)
{
    *stand_ins = (StandIns){.transport = transport,
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

/* --- CUSE ------------------------------------------------------------------------------------- */

static dev_t cuse_number(const StandIns *stand_ins, unsigned device)
{
    return makedev(stand_ins->major_no, slot_first_minor(&stand_ins->slot) + device);
}

static char *node_path(const StandIns *stand_ins, unsigned device)
{
    return g_strconcat("dev/", stand_ins->devices[device].name, NULL);
}

/* Make the directories for the nodes. The nodes themselves are made for each open. */
static bool make_directories(const StandIns *stand_ins, GError **error)
{
    for (unsigned i = 0; i < stand_ins->n_devices; i++) {
        g_autofree char *path = node_path(stand_ins, i);
        if (!fresh_nodes_prepare(stand_ins->nodes, path)) {
            g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                        "cannot create the directory of device node %s in the private tmpfs: %s",
                        path, g_strerror(errno));
            return false;
        }
    }
    return true;
}

static bool prepare_cuse(StandIns *stand_ins, GError **error)
{
    if (!cuse_node_check_free(stand_ins->name, stand_ins->devices[0].name, error) ||
        !slots_major(&stand_ins->major_no, error) || !(stand_ins->nodes = fresh_nodes_new(error)) ||
        !make_directories(stand_ins, error)) {
        return false;
    }
    stand_ins->fs = fresh_nodes_root(stand_ins->nodes);
    return true;
}

static int cuse_device(const StandIns *stand_ins, const struct stat *st)
{
    unsigned index = minor(st->st_rdev) - slot_first_minor(&stand_ins->slot);

    /* Only this instance uses the minors of its slot. */
    return S_ISCHR(st->st_mode) && major(st->st_rdev) == stand_ins->major_no &&
                   index < stand_ins->n_devices
               ? (int)index
               : -1;
}

/* Identify the file that a node opens. The nodes' numbers go on when the worker is replaced, so no file has the number of a
 * file of an earlier worker. */
static int identify_cuse(const StandIns *stand_ins, const struct stat *st, FileKey *file)
{
    const uint32_t id = cuse_device(stand_ins, st) >= 0 ? fresh_nodes_id(stand_ins->nodes, st) : 0;

    *file = file_key(0, id);
    return id ? 0 : EBADF;
}

/* Open a node. List the open in @opens meanwhile, since the worker asks the broker for the file's number (BROKER_OPENING). */
static int open_node(const StandIns *stand_ins, int node, unsigned device, int flags, uint32_t id)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", node);
    const pid_t tid = gettid();

    opens_begin(stand_ins->opens, tid, device, id);
    int fd = open(path, flags | O_CLOEXEC | O_NOCTTY);
    int saved = errno;
    opens_end(stand_ins->opens, tid);
    errno = saved;
    return fd;
}

static int open_cuse(const StandIns *stand_ins, unsigned device, int flags, FileKey *file)
{
    g_autofree char *path = node_path(stand_ins, device);
    struct stat st;
    int fd = -1;
    int node = fresh_nodes_make(stand_ins->nodes, path, cuse_number(stand_ins, device));

    if (node < 0) {
        return -1;
    }
    if (!stand_ins_stat(node, &st) || identify_cuse(stand_ins, &st, file) != 0) {
        errno = ENFILE; /* the ids are used up, after two thousand million opens */
    } else {
        fd = open_node(stand_ins, node, device, flags, file_key_id(*file));
    }
    int saved = errno;
    close(node);
    errno = saved;
    return fd;
}

/* --- FUSE ------------------------------------------------------------------------------------- */

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

static bool prepare_fuse(StandIns *stand_ins, GError **error)
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
        return false;
    }
    stand_ins->fs_number = st.st_dev;
    opens_renew(stand_ins->opens, st.st_dev);
    return true;
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

/* Find the device that a file stands for. Returns -1 if it is not one of ours. @node: set to the inode's number, or 0 */
static int fuse_device(const StandIns *stand_ins, int fd, const struct stat *st, uint64_t *node)
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

    if (!stand_ins_stat(fd, &st) || fuse_device(stand_ins, fd, &st, &node) != (int)device ||
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
static int open_fuse(const StandIns *stand_ins, unsigned device, int flags, FileKey *file)
{
    g_autofree char *path = g_strconcat("dev/", stand_ins->devices[device].name, NULL);
    const struct open_how how = {
        .flags = (unsigned)(flags | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW),
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

static int identify_fuse(const StandIns *stand_ins, int fd, const struct stat *st, FileKey *file)
{
    uint64_t node;

    if (fuse_device(stand_ins, fd, st, &node) < 0 || fuse_files_id(node) > INT32_MAX) {
        return EBADF;
    }
    *file = file_key(st->st_dev, (uint32_t)fuse_files_id(node));
    return 0;
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
    /* With FUSE, there is nothing to check: the file system existed before the worker. */
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
    g_clear_pointer(&stand_ins->nodes, fresh_nodes_free);
    g_clear_pointer(&stand_ins->opens, opens_free);
}

static int open_with(const StandIns *stand_ins, unsigned device, int flags, FileKey *file)
{
    return stand_ins->transport == TRANSPORT_CUSE ? open_cuse(stand_ins, device, flags, file)
                                                  : open_fuse(stand_ins, device, flags, file);
}

int stand_ins_open(const StandIns *stand_ins, unsigned device, int flags, FileKey *file)
{
    return open_with(stand_ins, device, flags & (O_ACCMODE | O_NONBLOCK), file);
}

int stand_ins_open_in_advance(const StandIns *stand_ins, unsigned device, FileKey *file)
{
    int fd = open_with(stand_ins, device, O_RDWR | OPEN_IN_ADVANCE, file);

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
    uint64_t node;

    return stand_ins->transport == TRANSPORT_CUSE ? cuse_device(stand_ins, st)
                                                  : fuse_device(stand_ins, fd, st, &node);
}

int stand_ins_identify(const StandIns *stand_ins, int fd, FileKey *file)
{
    struct stat st;

    if (!stand_ins_stat(fd, &st)) {
        return EBADF;
    }
    return stand_ins->transport == TRANSPORT_CUSE ? identify_cuse(stand_ins, &st, file)
                                                  : identify_fuse(stand_ins, fd, &st, file);
}

FileKey stand_ins_key(const StandIns *stand_ins, uint32_t id)
{
    return file_key(stand_ins->transport == TRANSPORT_CUSE ? 0 : stand_ins->fs_number, id);
}
