/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/files/fresh-nodes.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/base/mounts/detached-mount.h"

/*
 * #syscalls:broker openat mknodat unlinkat fcntl close
 * #syscalls:before newfstatat fstat
 */

typedef struct {
    int fs;
    dev_t number;
} Place;

struct FreshNodes {
    GMutex lock;       /* held while a node replaces another under its name; guards @turns */
    GHashTable *turns; /* path -> how many nodes were made for it */
    Place places[FRESH_PLACES];
};

/* Make one of the file systems. With inode64, tmpfs never uses an inode number twice. */
static bool make_place(Place *place)
{
    static const MountOption options[] = {{"mode", "0755"}, {"inode64", NULL}, {NULL, NULL}};
    struct stat st;

    place->fs = detached_mount("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    if (place->fs < 0 || fstat(place->fs, &st) < 0) {
        return false;
    }
    place->number = st.st_dev;
    return true;
}

FreshNodes *fresh_nodes_new(GError **error)
{
    g_autoptr(FreshNodes) nodes = g_new0(FreshNodes, 1);

    g_mutex_init(&nodes->lock);
    nodes->turns = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (unsigned i = 0; i < FRESH_PLACES; i++) {
        nodes->places[i].fs = -1;
    }
    for (unsigned i = 0; i < FRESH_PLACES; i++) {
        if (!make_place(&nodes->places[i])) {
            g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                        "cannot mount a private tmpfs for device nodes: %s (requires root, with "
                        "CAP_SYS_ADMIN)",
                        g_strerror(errno));
            return NULL;
        }
    }
    return g_steal_pointer(&nodes);
}

void fresh_nodes_free(FreshNodes *nodes)
{
    if (nodes) {
        for (unsigned i = 0; i < FRESH_PLACES; i++) {
            close_if_open(nodes->places[i].fs);
        }
        g_hash_table_unref(nodes->turns);
        g_mutex_clear(&nodes->lock);
        g_free(nodes);
    }
}

int fresh_nodes_root(const FreshNodes *nodes)
{
    return fcntl(nodes->places[0].fs, F_DUPFD_CLOEXEC, 0);
}

bool fresh_nodes_prepare(const FreshNodes *nodes, const char *path)
{
    for (unsigned i = 0; i < FRESH_PLACES; i++) {
        if (!make_parent_directories(nodes->places[i].fs, path)) {
            return false;
        }
    }
    return true;
}

/* Choose the file system for the next node of a path: each in turn. The caller holds the lock. */
static int next_place(FreshNodes *nodes, const char *path)
{
    guint turn = GPOINTER_TO_UINT(g_hash_table_lookup(nodes->turns, path));

    g_hash_table_replace(nodes->turns, g_strdup(path), GUINT_TO_POINTER(turn + 1));
    return nodes->places[turn % FRESH_PLACES].fs;
}

int fresh_nodes_make(FreshNodes *nodes, const char *path, dev_t number)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&nodes->lock);
    const int fs = next_place(nodes, path);

    (void)unlinkat(fs, path, 0); /* remove the node that was made FRESH_PLACES opens ago */
    return mknodat(fs, path, S_IFCHR | 0600, number) < 0
               ? -1
               : openat(fs, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

uint32_t fresh_nodes_id(const FreshNodes *nodes, const struct stat *st)
{
    for (unsigned i = 0; i < FRESH_PLACES; i++) {
        if (nodes->places[i].number == st->st_dev) {
            /* The first inode of a place is its root, so the number of a node is not 0. */
            return st->st_ino < INT32_MAX / FRESH_PLACES ? (uint32_t)st->st_ino * FRESH_PLACES + i
                                                         : 0;
        }
    }
    return 0;
}
