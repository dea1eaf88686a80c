/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names and contents that a container reads in /proc/driver/nvidia. This file does not deal with how they get
 * there (proc-view.h does). The tree has the driver's files that programs look at. It leaves out what would reveal
 * other GPUs, or lead the libraries around nvcuse. Contents are the host's at the time of reading.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/wire/device.h"

/** PROC_TREE_DRIVER: the host's directory from which the tree is made. */
#define PROC_TREE_DRIVER "/proc/driver/nvidia"

typedef struct ProcTree ProcTree;

/** PROC_TREE_ROOT: the number of the root directory. The other nodes have the numbers after it. */
enum { PROC_TREE_ROOT = 0, PROC_TREE_NONE = -1 };

/**
 * proc_tree_new: make an instance's tree.
 * @driver: a descriptor of PROC_TREE_DRIVER, which outlives the tree
 * @devices, @n_devices: the instance's devices. The tree leaves out GPUs and capabilities whose nodes are not among
 *     them
 */
ProcTree *proc_tree_new(int driver, const Device *devices, unsigned n_devices);
void proc_tree_free(ProcTree *tree);

/** proc_tree_lookup: find a node by its name in a directory. Returns PROC_TREE_NONE if there is none. */
int proc_tree_lookup(const ProcTree *tree, int directory, const char *name);

/** proc_tree_child: the @i-th node of a directory, or PROC_TREE_NONE if the directory has fewer nodes. */
int proc_tree_child(const ProcTree *tree, int directory, unsigned i);

/** proc_tree_has: is there a node of this number? The functions below take only numbers of existing nodes. */
bool proc_tree_has(const ProcTree *tree, guint64 node);
bool proc_tree_is_directory(const ProcTree *tree, int node);
const char *proc_tree_name(const ProcTree *tree, int node);
int proc_tree_parent(const ProcTree *tree, int node);

/** proc_tree_read: read the whole text of a file. The caller frees it. Returns NULL with errno if the host does not
 * have the file any more. */
char *proc_tree_read(const ProcTree *tree, int node, gsize *length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProcTree, proc_tree_free)
