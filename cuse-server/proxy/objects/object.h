/* SPDX-License-Identifier: Apache-2.0 */
/* An object of the tree, and what it depends on. Internal to object-tree.c, client.c and object.c. An object is used only with its
 * client locked. */
#pragma once

#include "cuse-server/proxy/objects/object-tree.h"

typedef struct Object Object;

/* ObjectEdge: freeing @dependency also frees @object. Both are in the same client. */
typedef struct {
    GList in_dependencies; /* node in the queue of @object */
    GList in_dependents;   /* node in the queue of @dependency */
    Object *object;
    Object *dependency;
} ObjectEdge;

/*
 * ObjectLink: one half of a dependency between objects of two clients. Each object has one that names the other end.
 * @client: the client of the other object; a reference
 * @handle: the other object
 * @serial: the serial number of the other object; never used twice
 * @is_dependent: freeing this object also frees the other object
 */
typedef struct {
    Client *client;
    uint32_t handle;
    uint64_t serial;
    bool is_dependent;
} ObjectLink;

struct Object {
    uint32_t handle;
    uint32_t object_class;
    uint32_t parent;
    uint64_t serial;
    GQueue dependents;   /* Edges to objects that are freed with this one */
    GQueue dependencies; /* Edges to objects that this one is freed with */
    GArray *links;       /* ObjectLink, or NULL */
    SharePolicies policies;
    uint32_t gpu;        /* device instance */
    uint32_t gpu_number; /* among the instance's GPUs */
    Charge *charge;      /* for its memory, or NULL; its duplicates hold it as well */
    ChannelGroup *group; /* a group of channels: its entry in the list of channels, or NULL */
    Channel *channel;    /* a channel: the same */
    bool is_copy; /* it was made as a duplicate of another object, which may be freed by now */
    bool has_timeslice;
    uint64_t timeslice_us; /* as the guest set it */
    GList *walk;           /* client_free: the dependent to visit next */
    bool queued;           /* client_free: visited already */
};

/** object_destroy: free an object, and the edges to and from it. Its dependents stay. */
void object_destroy(Object *object);

/** object_add_edge: make @object depend on @dependency, an object of the same client. Does nothing if @object depends on too many
 * objects already. */
void object_add_edge(Object *object, Object *dependency);

/** object_add_link: add one half of a link to an object. @other_client, @other: the other end; takes a reference to the client */
void object_add_link(Object *object, Client *other_client, const Object *other, bool is_dependent);

/** object_remove_link: remove the half of a link whose other end has this serial number, if there is one. */
void object_remove_link(Object *object, uint64_t serial);

/** object_link_clear: give up what a link holds. */
void object_link_clear(ObjectLink *link);
