/* SPDX-License-Identifier: Apache-2.0 */
/* Records what happens to the objects of one client. The client is locked. */
#include "cuse-server/proxy/objects/client.h"

#include "abi/class.h"

enum {
    LINKS_MAX = 1024, /* of one object, to objects of other clients */
};

void client_unref(Client *client)
{
    if (g_atomic_ref_count_dec(&client->refs)) {
        g_hash_table_unref(client->objects);
        g_array_unref(client->notices);
        g_mutex_clear(&client->lock);
        g_free(client);
    }
}

Client *client_ref(Client *client)
{
    g_atomic_ref_count_inc(&client->refs);
    return client;
}

static void notice_clear(ClientNotice *notice)
{
    object_link_clear(&notice->to);
}

GArray *client_notices_new(void)
{
    GArray *notices = g_array_new(FALSE, FALSE, sizeof(ClientNotice));

    g_array_set_clear_func(notices, (GDestroyNotify)notice_clear);
    return notices;
}

Object *client_find_object(Client *client, uint32_t handle)
{
    return g_hash_table_lookup(client->objects, GUINT_TO_POINTER(handle));
}

static Object *object_add(Client *client, uint32_t handle, uint32_t object_class, uint32_t parent)
{
    Object *object = g_new0(Object, 1);

    object->handle = handle;
    object->object_class = object_class;
    object->parent = parent;
    object->gpu =
        client_gpu(client, parent); /* objects below a device belong to the device's GPU */
    object->gpu_number = client_gpu_number(client, parent);
    object->serial = ++client->tree->last_serial;
    g_hash_table_insert(client->objects, GUINT_TO_POINTER(handle), object);
    g_atomic_int_inc(&client->tree->n_objects);
    return object;
}

/* Queue notices for the other ends of an object's links. They are delivered once the client is unlocked. */
static void leave_notices(Client *client, const Object *object)
{
    for (guint i = 0; object->links && i < object->links->len; i++) {
        ClientNotice notice = {g_array_index(object->links, ObjectLink, i), object->serial};
        client_ref(notice.to.client);
        g_array_append_val(client->notices, notice);
    }
}

static void object_drop(Client *client, Object *object)
{
    leave_notices(client, object);
    g_hash_table_remove(client->objects, GUINT_TO_POINTER(object->handle));
    g_atomic_int_add(&client->tree->n_objects, -1);
}

Client *client_new(ObjectTree *tree, uint32_t handle, uint32_t owner, const GuestProcess *process)
{
    Client *client = g_new0(Client, 1);

    g_atomic_ref_count_init(&client->refs);
    client->tree = tree;
    client->handle = handle;
    client->owner = owner;
    client->process = *process;
    g_mutex_init(&client->lock);
    client->objects = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)object_destroy);
    client->notices = client_notices_new();
    object_add(client, handle, 0, 0);
    return client;
}

void client_depend(Client *client, uint32_t handle, uint32_t dependency_handle)
{
    Object *object = client_find_object(client, handle);
    Object *dependency = client_find_object(client, dependency_handle);

    if (object && dependency && object != dependency) {
        object_add_edge(object, dependency);
    }
}

void client_add(Client *client, uint32_t handle, uint32_t object_class,
                const uint32_t *dependencies, size_t n_dependencies)
{
    Object *object;

    if (handle == 0 || handle == client->handle) {
        return;
    }
    object = client_find_object(client, handle);
    if (object) {
        object_drop(client, object);
    }
    object_add(client, handle, object_class, n_dependencies > 0 ? dependencies[0] : 0);
    for (size_t i = 0; i < n_dependencies; i++) {
        client_depend(client, handle, dependencies[i]);
    }
}

/* Make the copy depend on @dependency, an object of @from that its source depends on. */
static void inherit(Client *client, Object *copy, Client *from, Object *dependency)
{
    if (client == from) {
        object_add_edge(copy, dependency);
    } else if (!dependency->links || dependency->links->len < LINKS_MAX) {
        object_add_link(copy, from, dependency, false);
        object_add_link(dependency, client, copy, true);
    }
}

/* Give the copy what its source has: the charge for its memory, its GPU if it is not below another GPU's device, its group of
 * channels, and the time slice. */
static void copy_state(Client *client, Object *copy, const Object *source)
{
    object_set_group(client, copy, source->group);
    copy->is_copy = true;
    copy->charge = source->charge ? charge_ref(source->charge) : NULL;
    if (copy->gpu == NO_GPU) {
        copy->gpu = source->gpu;
        copy->gpu_number = source->gpu_number;
    }
    copy->has_timeslice = source->has_timeslice;
    copy->timeslice_us = source->timeslice_us;
}

void client_copy(Client *client, uint32_t handle, uint32_t parent, Client *from,
                 uint32_t source_handle)
{
    Object *source = client_find_object(from, source_handle);

    if (!source || (client == from && handle == source_handle)) {
        return;
    }
    client_add(client, handle, source->object_class, &parent, 1);
    Object *copy = client_find_object(client, handle);
    if (copy) {
        copy_state(client, copy, source);
    }
    if (source->object_class == KEPLER_CHANNEL_GROUP_A &&
        (client != from || parent != source->parent)) {
        return;
    }
    for (GList *at = source->dependencies.head; copy && at; at = at->next) {
        const ObjectEdge *edge = at->data;
        if (edge->dependency->handle != source->parent) {
            inherit(client, copy, from, edge->dependency);
        }
    }
}

uint32_t client_owner(const Client *client)
{
    return client->owner;
}

uint32_t client_parent(Client *client, uint32_t handle)
{
    const Object *object = client_find_object(client, handle);

    return object ? object->parent : 0;
}

bool client_class(Client *client, uint32_t handle, uint32_t *object_class)
{
    const Object *object = client_find_object(client, handle);

    if (object) {
        *object_class = object->object_class;
    }
    return object;
}

void client_share(Client *client, uint32_t handle, const RS_SHARE_POLICY *policy)
{
    Object *object = client_find_object(client, handle);

    if (object) {
        share_policies_add(&object->policies, policy);
    }
}

void client_set_gpu(Client *client, uint32_t handle, uint32_t gpu, uint32_t number)
{
    Object *object = client_find_object(client, handle);

    if (object) {
        object->gpu = gpu;
        object->gpu_number = number;
    }
}

uint32_t client_gpu(Client *client, uint32_t handle)
{
    const Object *object = client_find_object(client, handle);

    return object ? object->gpu : NO_GPU;
}

uint32_t client_gpu_number(Client *client, uint32_t handle)
{
    const Object *object = client_find_object(client, handle);

    return object ? object->gpu_number : NO_GPU;
}

void client_set_charge(Client *client, uint32_t handle, Charge *charge)
{
    Object *object = client_find_object(client, handle);

    if (!object) {
        charge_unref(charge);
        return;
    }
    charge_unref(object->charge);
    object->charge = charge;
}

Charge *client_charge(Client *client, uint32_t handle)
{
    const Object *object = client_find_object(client, handle);

    return object && object->charge ? charge_ref(object->charge) : NULL;
}

void client_set_timeslice(Client *client, uint32_t handle, uint64_t microseconds)
{
    Object *object = client_find_object(client, handle);

    if (object) {
        object->has_timeslice = true;
        object->timeslice_us = microseconds;
    }
}

void client_timeslice(Client *client, uint32_t handle, uint64_t *microseconds)
{
    const Object *object = client_find_object(client, handle);

    if (object && object->has_timeslice) {
        *microseconds = object->timeslice_us;
    }
}

bool client_may_duplicate(Client *owner, uint32_t handle, Client *by)
{
    const Object *object = client_find_object(owner, handle);
    const Object *root = client_find_object(owner, owner->handle);
    const ShareParty owner_party = {owner->handle, owner->process};
    const ShareParty by_party = {by->handle, by->process};

    return share_policies_allow(object ? &object->policies : &root->policies, &root->policies,
                                &owner_party, &by_party);
}

/* End a client. The caller holds a reference, so that the client still exists when the caller unlocks it. */
static void client_release(Client *client)
{
    unsigned n_objects = g_hash_table_size(client->objects);
    GHashTableIter iter;
    gpointer object;

    client->released = true;
    g_hash_table_iter_init(&iter, client->objects);
    while (g_hash_table_iter_next(&iter, NULL, &object)) {
        leave_notices(client, object);
    }
    g_hash_table_remove_all(client->objects);
    g_atomic_int_add(&client->tree->n_objects, -(gint)n_objects);
    g_atomic_int_add(&client->tree->n_clients, -1);
    object_tree_forget(client);
}

/*
 * List everything that depends on @root: each object after all of its own dependents, @root last. The search is
 * depth first, with an explicit stack instead of recursion, because the guest chooses the depth.
 */
static GPtrArray *collect_dependents(Object *root)
{
    GPtrArray *order = g_ptr_array_new();
    g_autoptr(GPtrArray) stack = g_ptr_array_new();

    root->queued = true;
    root->walk = root->dependents.head;
    g_ptr_array_add(stack, root);
    while (stack->len > 0) {
        Object *top = g_ptr_array_index(stack, stack->len - 1);
        if (!top->walk) {
            g_ptr_array_add(order, top);
            g_ptr_array_set_size(stack, (gint)stack->len - 1);
            continue;
        }
        Object *next = ((const ObjectEdge *)top->walk->data)->object;
        top->walk = top->walk->next;
        if (!next->queued) {
            next->queued = true;
            next->walk = next->dependents.head;
            g_ptr_array_add(stack, next);
        }
    }
    return order;
}

/* Visit what depends on @object, and undo the marks of the search. */
static void visit_channels(Object *object, void (*each)(Channel *channel, gpointer data),
                           void (*other)(uint32_t client, gpointer data), gpointer data)
{
    g_autoptr(GPtrArray) order = collect_dependents(object);

    for (guint i = 0; i < order->len; i++) {
        Object *dependent = g_ptr_array_index(order, i);
        dependent->queued = false;
        if (dependent->channel) {
            each(dependent->channel, data);
        }
        for (guint n = 0; dependent->links && n < dependent->links->len; n++) {
            const ObjectLink *link = &g_array_index(dependent->links, ObjectLink, n);
            if (link->is_dependent) {
                other(link->client->handle, data);
            }
        }
    }
}

void client_channels(Client *client, uint32_t handle, void (*each)(Channel *channel, gpointer data),
                     void (*other)(uint32_t client, gpointer data), gpointer data)
{
    Object *object = client_find_object(client, handle);

    if (handle == client->handle) {
        other(handle, data);
    } else if (object) {
        visit_channels(object, each, other, data);
    }
}

void client_free(Client *client, uint32_t handle)
{
    Object *object = client_find_object(client, handle);

    if (handle == client->handle) {
        client_release(client);
    } else if (object) {
        g_autoptr(GPtrArray) order = collect_dependents(object);
        for (guint i = 0; i < order->len; i++) {
            object_drop(client, g_ptr_array_index(order, i));
        }
    }
}
