/* SPDX-License-Identifier: GPL-2.0-only */
/* Objects: handles, parents, dependants. */
#include <linux/file.h>
#include <linux/slab.h>

#include "rm/rm-channel.h"
#include "rm/rm.h"

struct rm_object *rm_object_find(struct rm_client *client, u32 handle)
{
    return xa_load(&client->handles, handle);
}

u32 rm_object_get(struct rm_client *client, u32 handle, u32 kinds, u32 mismatch,
                  struct rm_object **object)
{
    *object = rm_object_find(client, handle);
    if (!*object)
        return NV_ERR_OBJECT_NOT_FOUND;
    return (*object)->kind & kinds ? NV_OK : mismatch;
}

struct rm_object *rm_ancestor(struct rm_object *object, u32 kinds)
{
    while (object && !(object->kind & kinds))
        object = object->parent;
    return object;
}

static u32 choose_handle(struct rm_client *client)
{
    while (rm_object_find(client, client->next_handle))
        client->next_handle++;
    return client->next_handle++;
}

u32 rm_object_add(struct rm_client *client, struct rm_object *parent, u32 handle, u32 class,
                  enum rm_kind kind, struct rm_object **result)
{
    struct rm_object *object;

    if (handle && rm_object_find(client, handle))
        return NV_ERR_INSERT_DUPLICATE_NAME;
    object = kzalloc(sizeof(*object), GFP_KERNEL);
    if (!object)
        return NV_ERR_NO_MEMORY;
    object->client = client;
    object->parent = parent;
    object->handle = handle ? handle : choose_handle(client);
    object->class = class;
    object->kind = kind;
    object->gpu = parent ? parent->gpu : NULL;
    INIT_LIST_HEAD(&object->mappings);
    if (xa_insert(&client->handles, object->handle, object, GFP_KERNEL) != 0) {
        kfree(object);
        return NV_ERR_NO_MEMORY;
    }
    if (parent)
        parent->dependants++;
    list_add_tail(&object->link, &client->objects);
    live_add(objects, 1);
    *result = object;
    return NV_OK;
}

u32 rm_object_needs(struct rm_object *object, struct rm_object *on)
{
    unsigned int i;

    for (i = 0; i < RM_NEEDS_MAX; i++)
        if (!object->needs[i]) {
            object->needs[i] = on;
            on->dependants++;
            return NV_OK;
        }
    return NV_ERR_INSUFFICIENT_RESOURCES;
}

void rm_object_watch(struct rm_object *event, struct rm_object *source)
{
    event->source = source;
    source->dependants++;
}

static bool depends_on(const struct rm_object *object, const struct rm_object *on)
{
    unsigned int i;

    if (object->parent == on || object->source == on)
        return true;
    for (i = 0; i < RM_NEEDS_MAX; i++)
        if (object->needs[i] == on)
            return true;
    return false;
}

struct dependant_search {
    const struct rm_object *on;
    struct rm_object *found;
};

static bool search_client(struct rm_client *client, void *data)
{
    struct dependant_search *search = data;
    struct rm_object *object;

    /* Free the youngest first, as the driver does. */
    list_for_each_entry_reverse(object, &client->objects,
                                link) if (object != search->on && depends_on(object, search->on))
    {
        search->found = object;
        return false;
    }
    return true;
}

static struct rm_object *first_dependant(const struct rm_object *object)
{
    struct dependant_search search = {.on = object};

    if (!object->dependants)
        return NULL;
    rm_clients_each(search_client, &search);
    return search.found;
}

/* The objects on which it depended exist until it is gone. */
static void leave(struct rm_object *object)
{
    unsigned int i;

    if (object->parent)
        object->parent->dependants--;
    if (object->source)
        object->source->dependants--;
    for (i = 0; i < RM_NEEDS_MAX; i++)
        if (object->needs[i])
            object->needs[i]->dependants--;
}

static void free_one(struct rm_object *object)
{
    struct rm_mapping *mapping, *next;

    if (object->kind & (RM_CHANNEL | RM_CHANNEL_GROUP))
        channel_freed(object);
    list_for_each_entry_safe(mapping, next, &object->mappings, link)
    {
        kfree(mapping);
        live_add(mappings, -1);
    }
    if (object->memory)
        memory_put(object->memory);
    if (object->held)
        fput(object->held);
    leave(object);
    xa_erase(&object->client->handles, object->handle);
    list_del(&object->link);
    kfree(object);
    live_add(objects, -1);
}

/* Free its dependants first, however deep they are: the objects themselves store the way back. */
void rm_object_free(struct rm_object *object)
{
    object->freed_for = NULL;
    while (object) {
        struct rm_object *dependant = first_dependant(object);

        if (dependant) {
            dependant->freed_for = object;
            object = dependant;
        } else {
            struct rm_object *back = object->freed_for;

            free_one(object);
            object = back;
        }
    }
}

int nv_rm_free(struct nv_call *call)
{
    NVOS00_PARAMETERS *args = call->params.data;
    struct rm_client *client;
    struct rm_object *object;

    mutex_lock(&rm_lock);
    args->status = rm_client_get(call->file, args->hRoot, &client);
    if (args->status == NV_OK) {
        if (args->hObjectOld == client->handle)
            rm_client_free(client);
        else if ((object = rm_object_find(client, args->hObjectOld)))
            rm_object_free(object);
        /* Freeing an object that does not exist is not an error: RS_COMPATABILITY_MODE. */
    }
    mutex_unlock(&rm_lock);
    record_add(call->record, "status=%s", status_name(args->status));
    return 0;
}
