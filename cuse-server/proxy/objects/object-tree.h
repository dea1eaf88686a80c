/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree records what the guests of an instance have allocated in the resource manager: clients, and in
 * each client objects that depend on one another. Freeing an object frees the objects that depend on it, as
 * the driver does. Releasing a file frees the clients that were allocated through it.
 *
 * Locking.
 * 1. A client is locked from before the host call that changes it until the change is recorded here, so that
 *    the tree and the driver cannot disagree.
 * 2. Two clients are locked in the order of their handles.
 * 3. The lock of the client map is taken alone or while a client's lock is held. No client's lock is taken
 *    while the lock of the client map is held.
 * 4. The host call, and the question to the broker for a file that the call makes, are the only things that may block while a
 *    lock is held.
 * 5. Unrelated clients never wait for each other.
 *
 * Links. A duplicate may depend on objects of its source's client. Such a dependency is a pair of links, one at
 * each end. Each link names the other end by client, handle and serial number, and does not hold a lock. When
 * the object at one end is freed, a notice goes to the other end after the first client has been unlocked.
 * Until then the other end still records the link. That is harmless: the serial number of the freed object
 * does not match any object any more.
 *
 * The tree is bounded. Otherwise a guest could use up the driver's memory and the memory of this process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "cuse-server/proxy/budgets/budget.h"
#include "cuse-server/proxy/objects/share-policy.h"
#include "cuse-server/proxy/shares/channels.h"
#include "cuse-server/wire/instance-limits.h"

typedef struct ObjectTree ObjectTree;
typedef struct Client Client;

ObjectTree *object_tree_new(const ObjectLimits *limits);
void object_tree_free(ObjectTree *tree);

/**
 * object_tree_has_room: check whether the limits allow @objects more objects. Each call in progress may still
 * exceed the limit by its number of objects.
 * @client: check for one more client as well
 */
bool object_tree_has_room(ObjectTree *tree, unsigned objects, bool client);

/** object_tree_hold: count @n objects of the driver that belong to a file instead of a client. */
void object_tree_hold(ObjectTree *tree, unsigned n);

/** object_tree_let_go: undo object_tree_hold() for @n objects. */
void object_tree_let_go(ObjectTree *tree, unsigned n);

/**
 * object_tree_add_client: record a new client, and forget an old one with the same handle.
 * @handle: the client's handle, not 0
 * @owner: id of the file that the client was allocated through; releasing that file frees the client
 * @process: the guest that allocated it
 */
void object_tree_add_client(ObjectTree *tree, uint32_t handle, uint32_t owner,
                            const GuestProcess *process);

/**
 * object_tree_process: find out which process allocated a client.
 * Returns: false if there is no such client.
 */
bool object_tree_process(ObjectTree *tree, uint32_t handle, GuestProcess *process);

/**
 * object_tree_lock: find a client and lock it.
 * Returns: the client, to be unlocked with object_tree_unlock(), or NULL if there is no such client.
 */
Client *object_tree_lock(ObjectTree *tree, uint32_t handle);

/** object_tree_unlock: unlock a client. Then free the objects of other clients that depend on objects that were
 * freed in this one. */
void object_tree_unlock(Client *client);

/** ClientPair: two locked clients, which may be the same. */
typedef struct {
    Client *first;
    Client *second;
} ClientPair;

/** object_tree_lock_pair: lock two clients. Returns false, with neither locked, if one of them does not exist. */
bool object_tree_lock_pair(ObjectTree *tree, uint32_t first, uint32_t second, ClientPair *pair);
void object_tree_unlock_pair(const ClientPair *pair);

/* The functions below, up to client_free(), are called with the client locked. */

/**
 * client_add: record an object.
 * @handle: the new object. 0 is not recorded. An object that already has this handle is replaced.
 * @object_class: its class
 * @dependencies: handles of the objects that it is freed with, its parent first; 0 and unknown handles are
 * left out
 */
void client_add(Client *client, uint32_t handle, uint32_t object_class,
                const uint32_t *dependencies, size_t n_dependencies);

/**
 * client_copy: record that @handle, below @parent, is a duplicate of an object of the same or another client.
 * The duplicate has the source's class. It depends on @parent, and on everything that the source depends on
 * except the source's parent. A duplicate of a channel group depends only on its parent, unless that is the source's: the driver
 * ties it to an address space below that parent (src/nvidia/src/kernel/gpu/fifo/kernel_channel_group_api.c,
 * kchangrpapiCopyConstruct_IMPL). Nothing happens if the source is unknown.
 */
void client_copy(Client *client, uint32_t handle, uint32_t parent, Client *from, uint32_t source);

/**
 * client_depend: record that freeing @dependency also frees @handle. Nothing happens if one of them is unknown.
 */
void client_depend(Client *client, uint32_t handle, uint32_t dependency);

/** client_owner: return the id of the file that a client was allocated through. The driver accepts the client only through it. */
uint32_t client_owner(const Client *client);

/** client_parent: return the parent of an object, or 0 if the object is unknown or does not have a parent. */
uint32_t client_parent(Client *client, uint32_t handle);

/** client_class: get the class of an object. Returns false if the object is unknown. */
bool client_class(Client *client, uint32_t handle, uint32_t *object_class);

/**
 * client_share: add a policy for the duplication of an object. If @handle is the client's own handle, the policy
 * applies to all objects that do not have policies of their own. Nothing happens if the object is unknown.
 */
void client_share(Client *client, uint32_t handle, const RS_SHARE_POLICY *policy);

/** client_set_timeslice: remember the time slice that the guest set for a channel group, in microseconds. */
void client_set_timeslice(Client *client, uint32_t handle, uint64_t microseconds);

/** client_timeslice: get the remembered time slice. If there is none, leave @microseconds as it is. */
void client_timeslice(Client *client, uint32_t handle, uint64_t *microseconds);

/** client_may_duplicate: decide whether @by may duplicate an object of @owner, by the policies that the driver cannot
 * evaluate; see share-policy.h. An unknown object has the policies of @owner. */
bool client_may_duplicate(Client *owner, uint32_t handle, Client *by);

/** NO_GPU: marks an object that does not belong to one GPU: it belongs to no GPU, or to all. */
#define NO_GPU UINT32_MAX

/** client_set_gpu: record which GPU a device object belongs to. Objects that are made below it later belong to the
 * same GPU. @gpu: its device instance; @number: its number among the instance's GPUs, or NO_GPU: not known */
void client_set_gpu(Client *client, uint32_t handle, uint32_t gpu, uint32_t number);

/** client_gpu: return which GPU an object belongs to, or NO_GPU, also if the object is unknown. */
uint32_t client_gpu(Client *client, uint32_t handle);

/** client_gpu_number: return the number among the instance's GPUs of the GPU that an object belongs to, or NO_GPU. */
uint32_t client_gpu_number(Client *client, uint32_t handle);

/** client_set_charge: record what an object's memory is charged to. Duplicates that are made later hold the charge as well.
 * @charge: (transfer full): dropped if the object is unknown */
void client_set_charge(Client *client, uint32_t handle, Charge *charge);

/** client_charge: (transfer full): get the charge of an object's memory, or NULL if the object is unknown or not memory. */
Charge *client_charge(Client *client, uint32_t handle);

/** client_set_group: record that an object is a group of channels. Duplicates that are made later are the same group.
 * @group: may be NULL; does nothing if the object is unknown */
void client_set_group(Client *client, uint32_t handle, ChannelGroup *group);

/** client_group: (transfer none): get the group that an object is, or NULL. */
ChannelGroup *client_group(Client *client, uint32_t handle);

/** client_set_channel: record that an object is a channel of a group. Does nothing if the object is unknown. */
void client_set_channel(Client *client, uint32_t handle, ChannelGroup *group);

/** client_channel: (transfer none): get the channel that an object is, or NULL. */
Channel *client_channel(Client *client, uint32_t handle);

/**
 * client_channels: find the channels that client_free() of the same object would free.
 * @each: called for each of them in this client
 * @other: called for each other client that has objects which depend on what would be freed
 */
void client_channels(Client *client, uint32_t handle, void (*each)(Channel *channel, gpointer data),
                     void (*other)(uint32_t client, gpointer data), gpointer data);

/**
 * client_free: forget an object and everything that depends on it, dependents first. An unknown handle is
 * ignored. The client's own handle ends the client.
 */
void client_free(Client *client, uint32_t handle);

/** object_tree_close: forget every client that was allocated through a file. */
void object_tree_close(ObjectTree *tree, uint32_t owner);

/**
 * ObjectUse: describes an object to callers that add up what guests have.
 * @process: the process that allocated the object's client
 * @gpu: the GPU that the object belongs to, or NO_GPU
 * @bytes: size of the memory; 0: the object is not memory
 * @is_copy: the object was made as a duplicate of another one, which may be freed by now
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
 * object_tree_each: visit every object except the clients themselves, one client at a time. The visit may miss
 * changes that are made meanwhile.
 * @visit: called with a client locked; must not wait
 */
void object_tree_each(ObjectTree *tree, void (*visit)(const ObjectUse *use, gpointer data),
                      gpointer data);

/** ObjectTreeSize: how many clients and objects are recorded, for counters and tests. */
typedef struct {
    unsigned clients;
    unsigned objects; /* a client counts as one */
} ObjectTreeSize;

ObjectTreeSize object_tree_size(ObjectTree *tree);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ObjectTree, object_tree_free)
