/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container reads in /proc/driver/nvidia: names and contents, and nothing of how they get
 * there. The driver's files that programs look at, less what would tell of other GPUs or send the
 * libraries around nvcuse; contents are the host's at the time of reading.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/wire/device.h"

/** PROC_TREE_DRIVER: where the host has what the tree is made from. */
#define PROC_TREE_DRIVER "/proc/driver/nvidia"

typedef struct ProcTree ProcTree;

/** PROC_TREE_ROOT: the number of the root directory. Nodes are numbered on from it. */
enum { PROC_TREE_ROOT = 0, PROC_TREE_NONE = -1 };

/**
 * proc_tree_new: an instance's tree.
 * @driver: a descriptor of PROC_TREE_DRIVER, which outlives the tree
 * @devices, @n_devices: the instance's; GPUs and capabilities whose nodes are not among them are not in
 * the tree
 */
ProcTree *proc_tree_new(int driver, const Device *devices, unsigned n_devices);
void proc_tree_free(ProcTree *tree);

/** proc_tree_lookup: the node of a name in a directory, or PROC_TREE_NONE. */
int proc_tree_lookup(const ProcTree *tree, int directory, const char *name);

/** proc_tree_child: the @i-th node of a directory, or PROC_TREE_NONE if it has not so many. */
int proc_tree_child(const ProcTree *tree, int directory, unsigned i);

/** proc_tree_has: is there a node of this number? The questions below are for those that are. */
bool proc_tree_has(const ProcTree *tree, guint64 node);
bool proc_tree_is_directory(const ProcTree *tree, int node);
const char *proc_tree_name(const ProcTree *tree, int node);
int proc_tree_parent(const ProcTree *tree, int node);

/** proc_tree_read: a file's whole text, which the caller frees; NULL with errno if the host has it
 * no more. */
char *proc_tree_read(const ProcTree *tree, int node, gsize *length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProcTree, proc_tree_free)
