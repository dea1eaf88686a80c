/* SPDX-License-Identifier: Apache-2.0 */
/* A client of the tree, and the tree itself. Internal to object-tree.c, client.c and object.c. */
#pragma once

#include "cuse-server/proxy/objects/object.h"

/* ClientNotice: tells the other end of a link, @to, that the object with the serial number @serial has been freed. */
typedef struct {
    ObjectLink to;
    uint64_t serial;
} ClientNotice;

struct Client {
    gatomicrefcount refs;
    ObjectTree *tree;
    uint32_t handle;
    uint32_t owner;
    GuestProcess process;
    GMutex lock;
    bool released;       /* guarded by lock, as everything below */
    GHashTable *objects; /* handle -> Object */
    GArray *notices;     /* ClientNotice: to be delivered once the client is unlocked */
};

struct ObjectTree {
    ObjectLimits limits;
    GMutex lock;
    GHashTable *clients; /* handle -> Client, one reference each */
    gint n_clients;      /* atomic */
    gint n_objects;      /* atomic */
    _Atomic uint64_t last_serial;
};

/** client_new: (transfer full): make a client that has one object, itself. The tree's map does not have it yet. */
Client *client_new(ObjectTree *tree, uint32_t handle, uint32_t owner, const GuestProcess *process);
Client *client_ref(Client *client);
void client_unref(Client *client);

/** client_notices_new: (transfer full): make an empty list of notices. */
GArray *client_notices_new(void);

/** client_find_object: find an object of a locked client. Returns NULL if there is none with this handle. */
Object *client_find_object(Client *client, uint32_t handle);

/** object_tree_forget: remove a client from the tree's map, unless its handle belongs to a newer client by now. */
void object_tree_forget(Client *client);

/** object_set_group: record that an object of a locked client is a group of channels. @group: may be NULL */
void object_set_group(Client *client, Object *object, ChannelGroup *group);
