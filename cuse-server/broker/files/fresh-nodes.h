/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device nodes for one open each. The number of a node's inode tells the file that is opened from all others, and
 * never comes again; nobody but the kernel has a say in it.
 *
 * A node is to be called what it is called natively (/proc/PID/fd shows it), and so are all those that are open at
 * once: they lie in several file systems, which are mounted nowhere, and take turns. A node loses its name to
 * the one that is made FRESH_PLACES opens of the same path later; it is shown as deleted then.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <glib.h>

/* Sixteen for nodes that guests have opened, and as many as a device has of those that are opened in advance (spares.h). */
enum { FRESH_PLACES = 24 };

typedef struct FreshNodes FreshNodes;

/** fresh_nodes_new: none yet. Needs CAP_SYS_ADMIN. Returns NULL with @error set. */
FreshNodes *fresh_nodes_new(GError **error);
void fresh_nodes_free(FreshNodes *nodes);

/** fresh_nodes_root: a descriptor of one of the file systems, which the caller closes; or -1 with errno set. */
int fresh_nodes_root(const FreshNodes *nodes);

/** fresh_nodes_prepare: make the directories on the way to nodes of this path. Returns false with errno set. */
bool fresh_nodes_prepare(const FreshNodes *nodes, const char *path);

/**
 * fresh_nodes_make: make a character device node that nobody opened before. Needs CAP_MKNOD.
 * @path: a relative one, that is prepared
 * Returns: an O_PATH descriptor that the caller owns, or -1 with errno set.
 */
int fresh_nodes_make(FreshNodes *nodes, const char *path, dev_t number);

/** fresh_nodes_id: the number of the file that was opened by a node, from 1 to INT32_MAX; 0: it is not one of these
 * nodes, or the numbers are used up. */
uint32_t fresh_nodes_id(const FreshNodes *nodes, const struct stat *st);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(FreshNodes, fresh_nodes_free)
