/* SPDX-License-Identifier: Apache-2.0 */
/* Stand-ins that are files of CUSE devices. Each open makes a new node of the device, so that each file has its own inode. */
#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/broker/files/cuse-nodes.h"
#include "cuse-server/broker/files/stand-ins-ops.h"

/* #syscalls:broker openat close gettid */

static dev_t device_number(const StandIns *stand_ins, unsigned device)
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

static bool prepare(StandIns *stand_ins, GError **error)
{
    if (!cuse_node_check_free(stand_ins->name, stand_ins->devices[0].name, error) ||
        !slots_major(&stand_ins->major_no, error) || !(stand_ins->nodes = fresh_nodes_new(error)) ||
        !make_directories(stand_ins, error)) {
        return false;
    }
    stand_ins->fs = fresh_nodes_root(stand_ins->nodes);
    return true;
}

/* The major and the nodes stay when the worker is replaced. */
static bool renew(StandIns *stand_ins, GError **error)
{
    (void)stand_ins;
    (void)error;
    return true;
}

static bool check(const StandIns *stand_ins, GError **error)
{
    for (unsigned i = 0; i < stand_ins->n_devices; i++) {
        if (!cuse_node_check(stand_ins->name, stand_ins->devices[i].name,
                             device_number(stand_ins, i), error)) {
            return false;
        }
    }
    return true;
}

static bool wait_removed(const StandIns *stand_ins, unsigned seconds, GError **error)
{
    for (unsigned i = 0; i < stand_ins->n_devices; i++) {
        if (!cuse_node_wait_removed(stand_ins->name, stand_ins->devices[i].name, seconds, error)) {
            return false;
        }
    }
    return true;
}

static int device_of(const StandIns *stand_ins, int fd, const struct stat *st)
{
    unsigned index = minor(st->st_rdev) - slot_first_minor(&stand_ins->slot);

    (void)fd;
    /* Only this instance uses the minors of its slot. */
    return S_ISCHR(st->st_mode) && major(st->st_rdev) == stand_ins->major_no &&
                   index < stand_ins->n_devices
               ? (int)index
               : -1;
}

/* Identify the file that a node opens. The nodes' numbers go on when the worker is replaced, so no file has the number of a file of
 * an earlier worker. */
static int identify(const StandIns *stand_ins, int fd, const struct stat *st, FileKey *file)
{
    const uint32_t id =
        device_of(stand_ins, fd, st) >= 0 ? fresh_nodes_id(stand_ins->nodes, st) : 0;

    *file = file_key(0, id);
    return id ? 0 : EBADF;
}

static dev_t space(const StandIns *stand_ins)
{
    (void)stand_ins;
    return 0;
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

static int open_stand_in(const StandIns *stand_ins, unsigned device, int flags, FileKey *file)
{
    g_autofree char *path = node_path(stand_ins, device);
    struct stat st;
    int fd = -1;
    int node = fresh_nodes_make(stand_ins->nodes, path, device_number(stand_ins, device));

    if (node < 0) {
        return -1;
    }
    if (!stand_ins_stat(node, &st) || identify(stand_ins, node, &st, file) != 0) {
        errno = ENFILE; /* the ids are used up, after two thousand million opens */
    } else {
        fd = open_node(stand_ins, node, device, flags, file_key_id(*file));
    }
    int saved = errno;
    close(node);
    errno = saved;
    return fd;
}

const StandInsOps stand_ins_cuse_ops = {
    .prepare = prepare,
    .renew = renew,
    .check = check,
    .wait_removed = wait_removed,
    .open = open_stand_in,
    .device = device_of,
    .identify = identify,
    .space = space,
};
