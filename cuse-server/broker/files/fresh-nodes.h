/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a new device node for each open. The node's inode number identifies the file that is opened by it. An inode number
 * is never used twice, and only the kernel chooses it.
 *
 * A node must have its native name (/proc/PID/fd shows the name), also while other nodes of that name are open. So
 * there are FRESH_PLACES file systems, which are mounted nowhere, and the nodes of a path are made in each of them in turn.
 * The node that is made FRESH_PLACES opens of the same path later takes the name over; /proc shows the older node as deleted
 * from then on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <glib.h>

/* 16 for nodes that guests have opened, and 8 for those that are opened in advance (spares.h, SPARES_OF_DEVICE). */
enum { FRESH_PLACES = 24 };

typedef struct FreshNodes FreshNodes;

/** fresh_nodes_new: mount the file systems, without nodes. Needs CAP_SYS_ADMIN. Returns NULL with @error set. */
FreshNodes *fresh_nodes_new(GError **error);
void fresh_nodes_free(FreshNodes *nodes);

/** fresh_nodes_root: return a descriptor of one of the file systems, which the caller closes; or -1 with errno set. */
int fresh_nodes_root(const FreshNodes *nodes);

/** fresh_nodes_prepare: make the parent directories of nodes of this path. Returns false with errno set. */
bool fresh_nodes_prepare(const FreshNodes *nodes, const char *path);

/**
 * fresh_nodes_make: make a new character device node and return it. Needs CAP_MKNOD.
 * @path: a relative path for which fresh_nodes_prepare() was called
 * Returns: an O_PATH descriptor that the caller owns, or -1 with errno set.
 */
int fresh_nodes_make(FreshNodes *nodes, const char *path, dev_t number);

/** fresh_nodes_id: return the id of the file that was opened by a node, from 1 to INT32_MAX. Returns 0 if @st is not of one of
 * these nodes, or the ids are used up. */
uint32_t fresh_nodes_id(const FreshNodes *nodes, const struct stat *st);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(FreshNodes, fresh_nodes_free)
