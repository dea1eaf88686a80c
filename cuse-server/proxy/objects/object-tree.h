/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the guests of an instance have allocated in the resource manager: clients, and in each
 * client objects that depend on one another. Freeing an object frees what depends on it, as the
 * driver does; closing a file frees the clients that were allocated through it.
 *
 * Theory of operation. A client is locked from before the host call that changes it until the
 * change is recorded here, so that the tree and the driver cannot disagree. Two clients are locked in
 * the order of their handles. The lock of the client map is taken inside a client's lock or alone,
 * never around one, and no lock is held around anything but the host call. Unrelated clients never
 * wait for each other.
 *
 * A duplicate may depend on objects of its source's client. Such an edge is a pair of links that name
 * the other end by client, handle and serial number, and hold no lock. When one end goes, the other
 * is told after the first client has been unlocked: in between it is still recorded, which a serial
 * number that does not match any more makes harmless.
 *
 * The tree is bounded: the driver's memory, and this process's, would otherwise be the guest's to use up.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "cuse-server/proxy/objects/share-policy.h"
#include "cuse-server/wire/instance-limits.h"

typedef struct ObjectTree ObjectTree;
typedef struct Client Client;

ObjectTree *object_tree_new(const ObjectLimits *limits);
void object_tree_free(ObjectTree *tree);

/**
 * object_tree_has_room: false if there may be no @objects more. Calls in progress may still overshoot the
 * limit, by as many each.
 * @client: for a new client too
 */
bool object_tree_has_room(ObjectTree *tree, unsigned objects, bool client);

/** object_tree_hold: count @n objects of the driver's that are in no client: a file holds them. */
void object_tree_hold(ObjectTree *tree, unsigned n);

/** object_tree_let_go: the opposite. */
void object_tree_let_go(ObjectTree *tree, unsigned n);

/**
 * object_tree_add_client: record a new client; an old one with the same handle is forgotten.
 * @handle: the client's handle, not 0
 * @owner: id of the file it was allocated through; the client is gone when that file is closed
 * @process: the guest that allocated it
 */
void object_tree_add_client(ObjectTree *tree, uint32_t handle, uint32_t owner,
                            const GuestProcess *process);

/**
 * object_tree_process: which process allocated a client.
 * Returns: false if there is no such client.
 */
bool object_tree_process(ObjectTree *tree, uint32_t handle, GuestProcess *process);

/**
 * object_tree_lock: find a client and lock it.
 * Returns: the client, to be given back with object_tree_unlock(), or NULL if there is none.
 */
Client *object_tree_lock(ObjectTree *tree, uint32_t handle);

/** object_tree_unlock: give it back. What depends on what was freed in it is freed now. */
void object_tree_unlock(Client *client);

/** ClientPair: two locked clients, which may be the same. */
typedef struct {
    Client *first;
    Client *second;
} ClientPair;

/** object_tree_lock_pair: false, with none locked, if one of the two does not exist. */
bool object_tree_lock_pair(ObjectTree *tree, uint32_t first, uint32_t second, ClientPair *pair);
void object_tree_unlock_pair(const ClientPair *pair);

/* The caller of everything below has locked the client. */

/**
 * client_add: record an object.
 * @handle: the new object; 0 is not recorded, one that is already there is replaced
 * @object_class: its class
 * @dependencies: handles it is freed with, its parent's first; 0 and unknown ones are left out
 */
void client_add(Client *client, uint32_t handle, uint32_t object_class,
                const uint32_t *dependencies, size_t n_dependencies);

/**
 * client_copy: record that @handle, below @parent, is a duplicate of an object of another client, or
 * of the same. It has the source's class and depends on what the source depends on, but for the
 * source's parent. Nothing happens if the source is unknown.
 */
void client_copy(Client *client, uint32_t handle, uint32_t parent, Client *from, uint32_t source);

/**
 * client_depend: from now on @handle is freed with @dependency. Nothing happens if one of them is
 * unknown.
 */
void client_depend(Client *client, uint32_t handle, uint32_t dependency);

/** client_parent: the parent of an object; 0 if the object is unknown or has none. */
uint32_t client_parent(Client *client, uint32_t handle);

/** client_class: the class of an object; false if it is unknown. */
bool client_class(Client *client, uint32_t handle, uint32_t *object_class);

/**
 * client_share: who may duplicate an object from now on; @handle is the client's own for all that have
 * no policies of their own. Unknown objects are left alone.
 */
void client_share(Client *client, uint32_t handle, const RS_SHARE_POLICY *policy);

/** client_set_timeslice: remember what a channel group's time slice is for the guest, in microseconds. */
void client_set_timeslice(Client *client, uint32_t handle, uint64_t microseconds);

/** client_timeslice: what was remembered, if anything was; else @microseconds stays as it is. */
void client_timeslice(Client *client, uint32_t handle, uint64_t *microseconds);

/** client_may_duplicate: may @by duplicate an object of @owner, as far as the driver cannot tell? */
bool client_may_duplicate(Client *owner, uint32_t handle, Client *by);

/** NO_GPU: of an object that is of none, or of all. */
#define NO_GPU UINT32_MAX

/** client_set_gpu: which GPU a device object is of, by its device instance, and what is made below it. */
void client_set_gpu(Client *client, uint32_t handle, uint32_t gpu);

/** client_gpu: which GPU an object is of; NO_GPU: of none, or it is unknown. */
uint32_t client_gpu(Client *client, uint32_t handle);

/** client_set_memory: how much memory an object is, in bytes. Its duplicates are the same memory. */
void client_set_memory(Client *client, uint32_t handle, uint64_t bytes);

/**
 * client_free: forget an object and everything that depends on it, dependents first. An unknown handle
 * is no error. The client's own handle ends the client.
 */
void client_free(Client *client, uint32_t handle);

/** object_tree_close: forget every client allocated through a file. */
void object_tree_close(ObjectTree *tree, uint32_t owner);

/**
 * ObjectUse: an object, for those who add up what guests have.
 * @process: whose client it is in
 * @gpu: which GPU it is of, or NO_GPU
 * @bytes: of memory; 0: it is none
 * @is_copy: it is a duplicate of memory that another object was the first to be
 * @is_shared: other objects are the same memory
 */
typedef struct {
    GuestProcess process;
    uint32_t object_class;
    uint32_t gpu;
    uint64_t bytes;
    bool is_copy;
    bool is_shared;
} ObjectUse;

/**
 * object_tree_each: look at every object, clients excepted, one client at a time. What changes meanwhile may be
 * seen or not.
 * @visit: is called with a client locked, and must not wait
 */
void object_tree_each(ObjectTree *tree, void (*visit)(const ObjectUse *use, gpointer data),
                      gpointer data);

/** ObjectTreeSize: how much is recorded, for counters and tests. */
typedef struct {
    unsigned clients;
    unsigned objects; /* a client counts as one */
} ObjectTreeSize;

ObjectTreeSize object_tree_size(ObjectTree *tree);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ObjectTree, object_tree_free)
