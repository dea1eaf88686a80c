/* SPDX-License-Identifier: GPL-2.0-only */
/* The resource manager: clients, and trees of objects below them. */
#pragma once

#include <linux/xarray.h>

#include "model.h"

/** rm_lock: held over everything in this header. */
extern struct mutex rm_lock;

/** The kind of resource that a class makes: the driver's internal classes, as far as the model distinguishes them. A set of
 * kinds tells where a class may be allocated. */
enum rm_kind {
    RM_CLIENT = 1 << 0,
    RM_DEVICE = 1 << 1,
    RM_SUBDEVICE = 1 << 2,
    RM_MEMORY = 1 << 3,
    RM_VASPACE = 1 << 4,
    RM_CHANNEL_GROUP = 1 << 5,
    RM_CHANNEL = 1 << 6,
    RM_CONTEXT_SHARE = 1 << 7,
    RM_EVENT = 1 << 8,
    RM_GENERIC = 1 << 9,
    RM_ANY = ~0,
};

#define RM_NEEDS_MAX    8
#define RM_POLICIES_MAX 4

struct rm_client {
    struct list_head link;
    u32 handle;
    struct nv_file *owner;
    pid_t process;
    struct pid *pid; /* of the process; holds a reference */
    kuid_t euid;
    bool admin;
    u32 next_handle;
    struct list_head objects; /* the client itself first */
    struct xarray handles;    /* of the objects */
};

/** struct rm_mapping: one RM_MAP_MEMORY, undone by RM_UNMAP_MEMORY. */
struct rm_mapping {
    struct list_head link;
    u64 address;
    u64 length;
    pid_t process;
};

struct rm_object {
    struct list_head link; /* in the client's list, oldest first */
    struct rm_client *client;
    struct rm_object *parent;              /* NULL: the client */
    struct rm_object *needs[RM_NEEDS_MAX]; /* freeing one of these frees this */
    unsigned long dependants;              /* children, objects that need this one, events of it */
    struct rm_object *freed_for; /* while it is being freed: the object to free afterwards */
    u32 handle;
    u32 class;
    enum rm_kind kind;
    struct nv_gpu *gpu; /* device and below */
    struct model_memory *memory;
    struct list_head mappings;
    bool is_copy;
    struct rm_object *original;     /* of a copy of a channel group; NULL: it was freed */
    u64 timeslice_us;               /* channel groups; 0: not set */
    bool scheduled, disabled, runs; /* channels (rm-channel.h) */
    RS_SHARE_POLICY policies[RM_POLICIES_MAX];
    u32 n_policies;
    struct file *held; /* a capability file */
    /* events */
    struct rm_object *source;
    u32 notify_index;
    u32 event_fd;
    /* subdevices: NV2080_CTRL_EVENT_SET_NOTIFICATION */
    u32 notify_action[256];
    u32 registered[RM_NEEDS_MAX]; /* third-party P2P: handles of memory */
};

/** struct rm_alloc: an allocation in progress. @params.data is NULL if the caller gave none. */
struct rm_alloc {
    struct nv_call *call;
    struct rm_client *client;
    struct rm_object *parent;
    u32 handle; /* 0: choose one; set to the new object's */
    u32 class;
    struct params params;
};

struct rm_class {
    u32 class;
    enum rm_kind kind;
    u32 parents; /* set of kinds */
    bool single; /* one in each parent */
    bool optional_params;
    u32 (*construct)(struct rm_object *object, struct rm_alloc *alloc); /* NvStatus */
    const char *needs[2]; /* parameters that name objects on which it depends; 0 names none */
};

/* rm-client.c */

/** rm_client_find: a client by its handle; NULL if there is none. */
struct rm_client *rm_client_find(u32 handle);

/** rm_client_get: a client that this file may use. Returns: NvStatus. */
u32 rm_client_get(struct nv_file *file, u32 handle, struct rm_client **client);

/** rm_client_new: allocate a client of the calling process that belongs to @file; @handle 0: choose. Returns: NvStatus. */
u32 rm_client_new(struct nv_file *file, u32 handle, struct rm_client **client);
void rm_client_free(struct rm_client *client);

/** rm_clients_of_file_free: free the clients of a file that is closed. */
void rm_clients_of_file_free(struct nv_file *file);
void rm_clients_each(bool (*visit)(struct rm_client *client, void *data), void *data);

/* rm-object.c */

/** rm_object_find: an object of a client, or NULL. */
struct rm_object *rm_object_find(struct rm_client *client, u32 handle);

/** rm_object_get: an object of the wanted kinds. Returns: NvStatus (OBJECT_NOT_FOUND, or
 * @mismatch).
 */
u32 rm_object_get(struct rm_client *client, u32 handle, u32 kinds, u32 mismatch,
                  struct rm_object **object);

/** rm_object_add: add an object without a payload. @handle 0: choose. Returns: NvStatus. */
u32 rm_object_add(struct rm_client *client, struct rm_object *parent, u32 handle, u32 class,
                  enum rm_kind kind, struct rm_object **object);

/** rm_object_needs: let freeing @on free @object. */
u32 rm_object_needs(struct rm_object *object, struct rm_object *on);

/** rm_object_watch: let an event watch @source; freeing @source frees it. */
void rm_object_watch(struct rm_object *event, struct rm_object *source);

/** rm_object_free: free an object with its children and dependants. */
void rm_object_free(struct rm_object *object);

/** rm_ancestor: the object itself or the nearest one above it of a kind, or NULL. */
struct rm_object *rm_ancestor(struct rm_object *object, u32 kinds);

/* rm-class.c */

/** rm_allocate: do what NV_ESC_RM_ALLOC does once its parameters are in kernel memory. Returns: NvStatus. */
u32 rm_allocate(struct rm_alloc *alloc, struct rm_object **object);

/** rm_memory_new: allocate the memory of a new object, as its class says. Returns: NvStatus. */
u32 rm_memory_new(struct rm_object *object, const struct memory_wanted *wanted);

/** rm_memory_offset: where an object's memory is in its GPU's memory. */
u64 rm_memory_offset(const struct rm_object *object);

/* memory/fabric.c */

/** fabric_new: give a new object fabric memory, made of the memory of a client's handle @of; 0: nothing is attached yet. Returns:
 * NvStatus. */
u32 fabric_new(struct rm_object *object, struct rm_client *client, u64 length, u32 of);

/** surface_new: make a new object hold the memory of two handles of its client, of which the second may be 0. Returns: NvStatus. */
u32 surface_new(struct rm_object *object, const u32 of[2]);

/** fabric_release: detach everything. */
void fabric_release(struct model_memory *fabric);

/** fabric_attach, fabric_detach: attach memory of the same client to an object's fabric memory, or detach a GPU's. Returns:
 * NvStatus. */
u32 fabric_attach(struct rm_object *object, u64 offset, u32 of);
u32 fabric_detach(struct rm_object *object, u64 offset, const struct nv_gpu *gpu);

/** rm_class_find: the description of a class that the version has; NULL if it has none. */
const struct rm_class *rm_class_find(u32 class);

/* rm-share.c */

/** rm_may_duplicate: whether the driver's share policies allow it, for the calling process as @client. */
bool rm_may_duplicate(struct rm_client *client, const struct rm_object *source);

/** rm_share: add a policy to an object; a client's own policies hold for all its objects that have none. Returns: NvStatus. */
u32 rm_share(struct rm_object *object, const RS_SHARE_POLICY *policy);

/** rm_duplicate: duplicate an object. Returns: NvStatus. */
u32 rm_duplicate(struct rm_client *client, struct rm_object *parent, u32 handle,
                 struct rm_object *source, struct rm_object **copy);
