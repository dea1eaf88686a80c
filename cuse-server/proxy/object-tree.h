/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the guests of an instance have allocated in the resource manager: clients, and in each
 * client objects that depend on one another. Freeing an object frees what depends on it, as the
 * driver does; closing a file frees the clients that were allocated through it.
 *
 * Theory of operation. A client is locked from before the host call that changes it until the
 * change is recorded here, so that the tree and the driver cannot disagree. The lock of the client
 * map is taken inside a client's lock or alone, never around one, and no lock is held around
 * anything but the host call. Unrelated clients never wait for each other.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

typedef struct ObjectTree ObjectTree;
typedef struct Client Client;

ObjectTree *object_tree_new(void);
void object_tree_free(ObjectTree *tree);

/**
 * object_tree_add_client: record a new client; an old one with the same handle is forgotten.
 * @handle: the client's handle, not 0
 * @owner: id of the file it was allocated through; the client is gone when that file is closed
 */
void object_tree_add_client(ObjectTree *tree, uint32_t handle, uint32_t owner);

/**
 * object_tree_lock: find a client and lock it.
 * Returns: the client, to be given back with object_tree_unlock(), or NULL if there is none.
 */
Client *object_tree_lock(ObjectTree *tree, uint32_t handle);
void object_tree_unlock(Client *client);

/**
 * client_add: record an object; the caller has locked the client.
 * @handle: the new object; 0 is not recorded, one that is already there is replaced
 * @object_class: its class
 * @dependencies: handles it is freed with (its parent among them); 0 and unknown ones are left out
 */
void client_add(Client *client, uint32_t handle, uint32_t object_class,
                const uint32_t *dependencies, size_t n_dependencies);

/**
 * client_depend: from now on @handle is freed with @dependency; the caller has locked the client.
 * Nothing happens if one of them is unknown.
 */
void client_depend(Client *client, uint32_t handle, uint32_t dependency);

/**
 * client_free: forget an object and everything that depends on it, dependents first; the caller has
 * locked the client. An unknown handle is no error. The client's own handle ends the client.
 */
void client_free(ObjectTree *tree, Client *client, uint32_t handle);

/** object_tree_close: forget every client allocated through a file. */
void object_tree_close(ObjectTree *tree, uint32_t owner);

/** ObjectTreeSize: how much is recorded, for counters and tests. */
typedef struct {
    size_t clients;
    size_t objects; /* a client counts as one */
} ObjectTreeSize;

ObjectTreeSize object_tree_size(ObjectTree *tree);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ObjectTree, object_tree_free)
