/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/objects/object-tree.h"

enum {
    DEPENDENCIES_MAX = 64, /* of one object; no class of the driver has more than a few */
    LINKS_MAX = 1024,      /* of one object, to objects of other clients */
};

typedef struct Object Object;

/* Edge: freeing @dependency also frees @object. Both are in the same client. */
typedef struct {
    GList in_dependencies; /* node in the queue of @object */
    GList in_dependents;   /* node in the queue of @dependency */
    Object *object;
    Object *dependency;
} Edge;

/*
 * Link: one half of a dependency between objects of two clients. Each object has one that names the other end.
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
} Link;

/* Notice: tells the other end of a link, @to, that the object with the serial number @serial has been freed. */
typedef struct {
    Link to;
    uint64_t serial;
} Notice;

/* Memory: shared by an object and its duplicates. It lives until the last of these objects is freed. */
typedef struct {
    gatomicrefcount holders;
    uint64_t bytes;
} Memory;

struct Object {
    uint32_t handle;
    uint32_t object_class;
    uint32_t parent;
    uint64_t serial;
    GQueue dependents;   /* Edges to objects that are freed with this one */
    GQueue dependencies; /* Edges to objects that this one is freed with */
    GArray *links;       /* Link, or NULL */
    SharePolicies policies;
    uint32_t gpu;
    Memory *memory; /* or NULL */
    bool is_copy;   /* it was made as a duplicate of another object, which may be freed by now */
    bool has_timeslice;
    uint64_t timeslice_us; /* as the guest set it */
    GList *walk;           /* client_free: the dependent to visit next */
    bool queued;           /* client_free: visited already */
};

struct Client {
    gatomicrefcount refs;
    ObjectTree *tree;
    uint32_t handle;
    uint32_t owner;
    GuestProcess process;
    GMutex lock;
    bool released;       /* guarded by lock, as everything below */
    GHashTable *objects; /* handle -> Object */
    GArray *notices;     /* Notice: to be delivered once the client is unlocked */
};

struct ObjectTree {
    ObjectLimits limits;
    GMutex lock;
    GHashTable *clients; /* handle -> Client, one reference each */
    gint n_clients;      /* atomic */
    gint n_objects;      /* atomic */
    _Atomic uint64_t last_serial;
};

static void client_unref(Client *client)
{
    if (g_atomic_ref_count_dec(&client->refs)) {
        g_hash_table_unref(client->objects);
        g_array_unref(client->notices);
        g_mutex_clear(&client->lock);
        g_free(client);
    }
}

static Client *client_ref(Client *client)
{
    g_atomic_ref_count_inc(&client->refs);
    return client;
}

static void link_clear(Link *link)
{
    client_unref(link->client);
}

static void notice_clear(Notice *notice)
{
    link_clear(&notice->to);
}

static GArray *array_new(guint element, GDestroyNotify clear)
{
    GArray *array = g_array_new(FALSE, FALSE, element);

    g_array_set_clear_func(array, clear);
    return array;
}

static GArray *notices_new(void)
{
    return array_new(sizeof(Notice), (GDestroyNotify)notice_clear);
}

/* --- objects ---------------------------------------------------------------------------------- */

static void edge_remove(Edge *edge)
{
    g_queue_unlink(&edge->object->dependencies, &edge->in_dependencies);
    g_queue_unlink(&edge->dependency->dependents, &edge->in_dependents);
    g_free(edge);
}

static void edge_add(Object *object, Object *dependency)
{
    Edge *edge;

    if (object->dependencies.length == DEPENDENCIES_MAX) {
        return;
    }
    edge = g_new0(Edge, 1);
    edge->object = object;
    edge->dependency = dependency;
    edge->in_dependencies.data = edge;
    edge->in_dependents.data = edge;
    g_queue_push_tail_link(&object->dependencies, &edge->in_dependencies);
    g_queue_push_tail_link(&dependency->dependents, &edge->in_dependents);
}

static Memory *memory_new(uint64_t bytes)
{
    Memory *memory = g_new0(Memory, 1);

    g_atomic_ref_count_init(&memory->holders);
    memory->bytes = bytes;
    return memory;
}

static Memory *memory_ref(Memory *memory)
{
    g_atomic_ref_count_inc(&memory->holders);
    return memory;
}

static void memory_unref(Memory *memory)
{
    if (g_atomic_ref_count_dec(&memory->holders)) {
        g_free(memory);
    }
}

static void object_destroy(Object *object)
{
    while (object->dependencies.head) {
        edge_remove(object->dependencies.head->data);
    }
    while (object->dependents.head) {
        edge_remove(object->dependents.head->data);
    }
    g_clear_pointer(&object->links, g_array_unref);
    g_clear_pointer(&object->memory, memory_unref);
    share_policies_clear(&object->policies);
    g_free(object);
}

static Object *find_object(Client *client, uint32_t handle)
{
    return g_hash_table_lookup(client->objects, GUINT_TO_POINTER(handle));
}

/* Return the GPU of an object. Objects below a device belong to the device's GPU. */
static uint32_t gpu_of(Client *client, uint32_t parent)
{
    const Object *object = find_object(client, parent);

    return object ? object->gpu : NO_GPU;
}

static Object *object_add(Client *client, uint32_t handle, uint32_t object_class, uint32_t parent)
{
    Object *object = g_new0(Object, 1);

    object->handle = handle;
    object->object_class = object_class;
    object->parent = parent;
    object->gpu = gpu_of(client, parent);
    object->serial = ++client->tree->last_serial;
    g_hash_table_insert(client->objects, GUINT_TO_POINTER(handle), object);
    g_atomic_int_inc(&client->tree->n_objects);
    return object;
}

/* Queue notices for the other ends of an object's links. They are delivered once the client is unlocked. */
static void leave_notices(Client *client, const Object *object)
{
    for (guint i = 0; object->links && i < object->links->len; i++) {
        Notice notice = {g_array_index(object->links, Link, i), object->serial};
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

static void link_add(Object *object, Client *other_client, const Object *other, bool is_dependent)
{
    Link link = {client_ref(other_client), other->handle, other->serial, is_dependent};

    if (!object->links) {
        object->links = array_new(sizeof(Link), (GDestroyNotify)link_clear);
    }
    g_array_append_val(object->links, link);
}

static void link_remove(Object *object, uint64_t serial)
{
    for (guint i = 0; object->links && i < object->links->len; i++) {
        if (g_array_index(object->links, Link, i).serial == serial) {
            g_array_remove_index_fast(object->links, i);
            return;
        }
    }
}

/* --- the tree --------------------------------------------------------------------------------- */

static Client *client_new(ObjectTree *tree, uint32_t handle, uint32_t owner,
                          const GuestProcess *process)
{
    Client *client = g_new0(Client, 1);

    g_atomic_ref_count_init(&client->refs);
    client->tree = tree;
    client->handle = handle;
    client->owner = owner;
    client->process = *process;
    g_mutex_init(&client->lock);
    client->objects = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)object_destroy);
    client->notices = notices_new();
    object_add(client, handle, 0, 0);
    return client;
}

ObjectTree *object_tree_new(const ObjectLimits *limits)
{
    ObjectTree *tree = g_new0(ObjectTree, 1);

    tree->limits = *limits;
    g_mutex_init(&tree->lock);
    tree->clients = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)client_unref);
    return tree;
}

void object_tree_free(ObjectTree *tree)
{
    GHashTableIter iter;
    gpointer value;

    /* Links hold references to clients, in circles. Free the objects first to break the circles. */
    g_hash_table_iter_init(&iter, tree->clients);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        g_hash_table_remove_all(((Client *)value)->objects);
    }
    g_hash_table_unref(tree->clients);
    g_mutex_clear(&tree->lock);
    g_free(tree);
}

void object_tree_hold(ObjectTree *tree, unsigned n)
{
    g_atomic_int_add(&tree->n_objects, (gint)n);
}

void object_tree_let_go(ObjectTree *tree, unsigned n)
{
    g_atomic_int_add(&tree->n_objects, -(gint)n);
}

bool object_tree_has_room(ObjectTree *tree, unsigned objects, bool client)
{
    return (uint64_t)(unsigned)g_atomic_int_get(&tree->n_objects) + objects <=
               tree->limits.objects &&
           (!client || (unsigned)g_atomic_int_get(&tree->n_clients) < tree->limits.clients);
}

static Client *find_client(ObjectTree *tree, uint32_t handle)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&tree->lock);
    Client *client = g_hash_table_lookup(tree->clients, GUINT_TO_POINTER(handle));

    return client ? client_ref(client) : NULL;
}

bool object_tree_process(ObjectTree *tree, uint32_t handle, GuestProcess *process)
{
    Client *client = find_client(tree, handle);

    if (!client) {
        return false;
    }
    *process = client->process; /* never changes */
    client_unref(client);
    return true;
}

Client *object_tree_lock(ObjectTree *tree, uint32_t handle)
{
    Client *client = find_client(tree, handle);

    if (!client) {
        return NULL;
    }
    g_mutex_lock(&client->lock);
    if (client->released) { /* freed while this thread waited */
        object_tree_unlock(client);
        return NULL;
    }
    return client;
}

/* Deliver a notice to the other end of a link, whose client is locked. Objects that are freed by this queue further
 * notices. */
static void deliver(const Notice *notice)
{
    Object *object = find_object(notice->to.client, notice->to.handle);

    if (!object || object->serial != notice->to.serial) {
        return;
    }
    if (notice->to.is_dependent) {
        client_free(notice->to.client, notice->to.handle);
    } else {
        link_remove(object, notice->serial);
    }
}

/* Unlock a client. Returns (transfer full) its notices, which the caller has to deliver, or NULL. */
static GArray *unlock(Client *client)
{
    GArray *notices = NULL;

    if (client->notices->len > 0) {
        notices = client->notices;
        client->notices = notices_new();
    }
    g_mutex_unlock(&client->lock);
    client_unref(client);
    return notices;
}

/* Deliver notices, and the notices that follow from them. Lock one client at a time. The loop ends because each
 * object is freed only once. */
static void deliver_all(GArray *notices)
{
    g_autoptr(GPtrArray) left = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);

    g_ptr_array_add(left, notices);
    for (guint i = 0; i < left->len; i++) {
        const GArray *batch = g_ptr_array_index(left, i);
        for (guint n = 0; n < batch->len; n++) {
            const Notice *notice = &g_array_index(batch, Notice, n);
            Client *client = client_ref(notice->to.client);
            g_mutex_lock(&client->lock);
            deliver(notice);
            GArray *more = unlock(client);
            if (more) {
                g_ptr_array_add(left, more);
            }
        }
    }
}

void object_tree_unlock(Client *client)
{
    GArray *notices = unlock(client);

    if (notices) {
        deliver_all(notices);
    }
}

/* End a client unless it has ended already. Takes the caller's reference. */
static void release_unless_gone(Client *client)
{
    g_mutex_lock(&client->lock);
    if (!client->released) {
        client_free(client, client->handle);
    }
    object_tree_unlock(client);
}

bool object_tree_lock_pair(ObjectTree *tree, uint32_t first, uint32_t second, ClientPair *pair)
{
    Client *low = object_tree_lock(tree, MIN(first, second));
    Client *high = first == second || !low ? low : object_tree_lock(tree, MAX(first, second));

    if (!high) {
        if (low) {
            object_tree_unlock(low);
        }
        return false;
    }
    *pair = first < second ? (ClientPair){low, high} : (ClientPair){high, low};
    return true;
}

void object_tree_unlock_pair(const ClientPair *pair)
{
    GArray *notices = pair->first == pair->second ? NULL : unlock(pair->second);

    object_tree_unlock(pair->first);
    if (notices) {
        deliver_all(notices);
    }
}

void object_tree_add_client(ObjectTree *tree, uint32_t handle, uint32_t owner,
                            const GuestProcess *process)
{
    Client *client = client_new(tree, handle, owner, process);
    Client *old;

    g_mutex_lock(&tree->lock);
    old = g_hash_table_lookup(tree->clients, GUINT_TO_POINTER(handle));
    if (old) {
        client_ref(old);
    }
    g_hash_table_replace(tree->clients, GUINT_TO_POINTER(handle), client);
    g_mutex_unlock(&tree->lock);
    g_atomic_int_inc(&tree->n_clients);
    if (old) { /* the driver has freed it, but the thread that closed its file has not called object_tree_close() yet */
        release_unless_gone(old);
    }
}

/* --- a locked client -------------------------------------------------------------------------- */

void client_depend(Client *client, uint32_t handle, uint32_t dependency_handle)
{
    Object *object = find_object(client, handle);
    Object *dependency = find_object(client, dependency_handle);

    if (object && dependency && object != dependency) {
        edge_add(object, dependency);
    }
}

void client_add(Client *client, uint32_t handle, uint32_t object_class,
                const uint32_t *dependencies, size_t n_dependencies)
{
    Object *object;

    if (handle == 0 || handle == client->handle) {
        return;
    }
    object = find_object(client, handle);
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
        edge_add(copy, dependency);
    } else if (!dependency->links || dependency->links->len < LINKS_MAX) {
        link_add(copy, from, dependency, false);
        link_add(dependency, client, copy, true);
    }
}

/* Give the copy its source's memory and time slice. */
static void copy_state(Object *copy, const Object *source)
{
    copy->is_copy = true;
    copy->memory = source->memory ? memory_ref(source->memory) : NULL;
    copy->has_timeslice = source->has_timeslice;
    copy->timeslice_us = source->timeslice_us;
}

void client_copy(Client *client, uint32_t handle, uint32_t parent, Client *from,
                 uint32_t source_handle)
{
    Object *source = find_object(from, source_handle);

    if (!source || (client == from && handle == source_handle)) {
        return;
    }
    client_add(client, handle, source->object_class, &parent, 1);
    Object *copy = find_object(client, handle);
    if (copy) {
        copy_state(copy, source);
    }
    for (GList *at = source->dependencies.head; copy && at; at = at->next) {
        const Edge *edge = at->data;
        if (edge->dependency->handle != source->parent) {
            inherit(client, copy, from, edge->dependency);
        }
    }
}

uint32_t client_parent(Client *client, uint32_t handle)
{
    const Object *object = find_object(client, handle);

    return object ? object->parent : 0;
}

bool client_class(Client *client, uint32_t handle, uint32_t *object_class)
{
    const Object *object = find_object(client, handle);

    if (object) {
        *object_class = object->object_class;
    }
    return object;
}

void client_share(Client *client, uint32_t handle, const RS_SHARE_POLICY *policy)
{
    Object *object = find_object(client, handle);

    if (object) {
        share_policies_add(&object->policies, policy);
    }
}

void client_set_gpu(Client *client, uint32_t handle, uint32_t gpu)
{
    Object *object = find_object(client, handle);

    if (object) {
        object->gpu = gpu;
    }
}

uint32_t client_gpu(Client *client, uint32_t handle)
{
    return gpu_of(client, handle);
}

void client_set_memory(Client *client, uint32_t handle, uint64_t bytes)
{
    Object *object = find_object(client, handle);

    if (object) {
        g_clear_pointer(&object->memory, memory_unref);
        object->memory = memory_new(bytes);
    }
}

void client_set_timeslice(Client *client, uint32_t handle, uint64_t microseconds)
{
    Object *object = find_object(client, handle);

    if (object) {
        object->has_timeslice = true;
        object->timeslice_us = microseconds;
    }
}

void client_timeslice(Client *client, uint32_t handle, uint64_t *microseconds)
{
    const Object *object = find_object(client, handle);

    if (object && object->has_timeslice) {
        *microseconds = object->timeslice_us;
    }
}

bool client_may_duplicate(Client *owner, uint32_t handle, Client *by)
{
    const Object *object = find_object(owner, handle);
    const Object *root = find_object(owner, owner->handle);
    const ShareParty owner_party = {owner->handle, owner->process};
    const ShareParty by_party = {by->handle, by->process};

    return share_policies_allow(object ? &object->policies : &root->policies, &root->policies,
                                &owner_party, &by_party);
}

/* Remove the client from the map, unless its handle belongs to a newer client by now. */
static void tree_forget(Client *client)
{
    ObjectTree *tree = client->tree;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&tree->lock);

    if (g_hash_table_lookup(tree->clients, GUINT_TO_POINTER(client->handle)) == client) {
        g_hash_table_remove(tree->clients, GUINT_TO_POINTER(client->handle));
    }
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
    tree_forget(client);
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
        Object *next = ((const Edge *)top->walk->data)->object;
        top->walk = top->walk->next;
        if (!next->queued) {
            next->queued = true;
            next->walk = next->dependents.head;
            g_ptr_array_add(stack, next);
        }
    }
    return order;
}

void client_free(Client *client, uint32_t handle)
{
    Object *object = find_object(client, handle);

    if (handle == client->handle) {
        client_release(client);
    } else if (object) {
        g_autoptr(GPtrArray) order = collect_dependents(object);
        for (guint i = 0; i < order->len; i++) {
            object_drop(client, g_ptr_array_index(order, i));
        }
    }
}

/* --- files and counts ------------------------------------------------------------------------- */

/* List the clients that were allocated through the file @owner, or all clients if it is NULL. Holds a reference to each. */
static GPtrArray *clients_of(ObjectTree *tree, const uint32_t *owner)
{
    GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)client_unref);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&tree->lock);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, tree->clients);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Client *client = value;
        if (!owner || client->owner == *owner) {
            g_ptr_array_add(found, client_ref(client));
        }
    }
    return found;
}

void object_tree_close(ObjectTree *tree, uint32_t owner)
{
    g_autoptr(GPtrArray) clients = clients_of(tree, &owner);

    for (guint i = 0; i < clients->len; i++) {
        release_unless_gone(client_ref(g_ptr_array_index(clients, i)));
    }
}

static ObjectUse use_of(const Client *client, const Object *object)
{
    return (ObjectUse){
        .process = client->process,
        .object_class = object->object_class,
        .gpu = object->gpu,
        .bytes = object->memory ? object->memory->bytes : 0,
        .is_copy = object->is_copy,
        .is_shared = object->memory && !g_atomic_ref_count_compare(&object->memory->holders, 1),
    };
}

/* Visit the objects of a client. A released client does not have any. */
static void visit_objects(Client *client, void (*visit)(const ObjectUse *use, gpointer data),
                          gpointer data)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&client->lock);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, client->objects);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Object *object = value;
        if (object->handle != client->handle) {
            const ObjectUse use = use_of(client, object);
            visit(&use, data);
        }
    }
}

void object_tree_each(ObjectTree *tree, void (*visit)(const ObjectUse *use, gpointer data),
                      gpointer data)
{
    g_autoptr(GPtrArray) clients = clients_of(tree, NULL);

    for (guint i = 0; i < clients->len; i++) {
        visit_objects(g_ptr_array_index(clients, i), visit, data);
    }
}

ObjectTreeSize object_tree_size(ObjectTree *tree)
{
    return (ObjectTreeSize){
        .clients = (unsigned)g_atomic_int_get(&tree->n_clients),
        .objects = (unsigned)g_atomic_int_get(&tree->n_objects),
    };
}
