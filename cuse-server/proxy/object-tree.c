/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/object-tree.h"

typedef struct Object Object;

struct Object {
    uint32_t handle;
    uint32_t object_class;
    GPtrArray *dependents;   /* freed with this one */
    GPtrArray *dependencies; /* this one is freed with them */
    guint visited;           /* client_free's walk: how many dependents it has looked at */
    bool queued;             /* client_free's walk: seen */
};

struct Client {
    gatomicrefcount refs;
    uint32_t handle;
    uint32_t owner;
    GMutex lock;
    bool released;       /* guarded by lock, as everything below */
    GHashTable *objects; /* handle -> Object */
};

struct ObjectTree {
    GMutex lock;
    GHashTable *clients; /* handle -> Client, one reference each */
};

static void object_destroy(Object *object)
{
    g_ptr_array_unref(object->dependents);
    g_ptr_array_unref(object->dependencies);
    g_free(object);
}

static Object *object_new(uint32_t handle, uint32_t object_class)
{
    Object *object = g_new0(Object, 1);
    object->handle = handle;
    object->object_class = object_class;
    object->dependents = g_ptr_array_new();
    object->dependencies = g_ptr_array_new();
    return object;
}

static void client_unref(Client *client)
{
    if (g_atomic_ref_count_dec(&client->refs)) {
        g_hash_table_unref(client->objects);
        g_mutex_clear(&client->lock);
        g_free(client);
    }
}

static Client *client_new(uint32_t handle, uint32_t owner)
{
    Client *client = g_new0(Client, 1);
    g_atomic_ref_count_init(&client->refs);
    client->handle = handle;
    client->owner = owner;
    g_mutex_init(&client->lock);
    client->objects = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)object_destroy);
    g_hash_table_insert(client->objects, GUINT_TO_POINTER(handle), object_new(handle, 0));
    return client;
}

ObjectTree *object_tree_new(void)
{
    ObjectTree *tree = g_new0(ObjectTree, 1);
    g_mutex_init(&tree->lock);
    tree->clients = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)client_unref);
    return tree;
}

void object_tree_free(ObjectTree *tree)
{
    g_hash_table_unref(tree->clients);
    g_mutex_clear(&tree->lock);
    g_free(tree);
}

void object_tree_add_client(ObjectTree *tree, uint32_t handle, uint32_t owner)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&tree->lock);
    g_hash_table_replace(tree->clients, GUINT_TO_POINTER(handle), client_new(handle, owner));
}

Client *object_tree_lock(ObjectTree *tree, uint32_t handle)
{
    Client *client;

    g_mutex_lock(&tree->lock);
    client = g_hash_table_lookup(tree->clients, GUINT_TO_POINTER(handle));
    if (client) {
        g_atomic_ref_count_inc(&client->refs);
    }
    g_mutex_unlock(&tree->lock);
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

void object_tree_unlock(Client *client)
{
    g_mutex_unlock(&client->lock);
    client_unref(client);
}

/* Take an object out of the lists of its neighbours and out of the client. */
static void client_drop(Client *client, Object *object)
{
    for (guint i = 0; i < object->dependencies->len; i++) {
        Object *dependency = g_ptr_array_index(object->dependencies, i);
        g_ptr_array_remove_fast(dependency->dependents, object);
    }
    for (guint i = 0; i < object->dependents->len; i++) {
        Object *dependent = g_ptr_array_index(object->dependents, i);
        g_ptr_array_remove_fast(dependent->dependencies, object);
    }
    g_hash_table_remove(client->objects, GUINT_TO_POINTER(object->handle));
}

static Object *find_object(Client *client, uint32_t handle)
{
    return g_hash_table_lookup(client->objects, GUINT_TO_POINTER(handle));
}

static void add_edge(Object *object, Object *dependency)
{
    g_ptr_array_add(dependency->dependents, object);
    g_ptr_array_add(object->dependencies, dependency);
}

void client_depend(Client *client, uint32_t handle, uint32_t dependency_handle)
{
    Object *object = find_object(client, handle);
    Object *dependency = find_object(client, dependency_handle);

    if (object && dependency && object != dependency) {
        add_edge(object, dependency);
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
        client_drop(client, object);
    }
    object = object_new(handle, object_class);
    for (size_t i = 0; i < n_dependencies; i++) {
        Object *dependency = find_object(client, dependencies[i]);
        if (dependency) {
            add_edge(object, dependency);
        }
    }
    g_hash_table_insert(client->objects, GUINT_TO_POINTER(handle), object);
}

/* Remove the client from the map, unless its handle belongs to a newer one by now. */
static void tree_forget(ObjectTree *tree, Client *client)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&tree->lock);
    if (g_hash_table_lookup(tree->clients, GUINT_TO_POINTER(client->handle)) == client) {
        g_hash_table_remove(tree->clients, GUINT_TO_POINTER(client->handle));
    }
}

/*
 * Everything that depends on @root, each object after all of its own dependents, @root last. Depth
 * first with a stack of our own: the depth is the guest's to choose.
 */
static GPtrArray *collect_dependents(Object *root)
{
    GPtrArray *order = g_ptr_array_new();
    g_autoptr(GPtrArray) stack = g_ptr_array_new();

    root->queued = true;
    g_ptr_array_add(stack, root);
    while (stack->len > 0) {
        Object *top = g_ptr_array_index(stack, stack->len - 1);
        if (top->visited == top->dependents->len) {
            g_ptr_array_add(order, top);
            g_ptr_array_set_size(stack, (gint)stack->len - 1);
            continue;
        }
        Object *next = g_ptr_array_index(top->dependents, top->visited++);
        if (!next->queued) {
            next->queued = true;
            g_ptr_array_add(stack, next);
        }
    }
    return order;
}

void client_free(ObjectTree *tree, Client *client, uint32_t handle)
{
    Object *object;

    if (handle == client->handle) {
        client->released = true;
        g_hash_table_remove_all(client->objects);
        tree_forget(tree, client);
        return;
    }
    object = find_object(client, handle);
    if (object) {
        g_autoptr(GPtrArray) order = collect_dependents(object);
        for (guint i = 0; i < order->len; i++) {
            client_drop(client, g_ptr_array_index(order, i));
        }
    }
}

/* The clients that @owner allocated (0: all), with a reference each. */
static GPtrArray *clients_of(ObjectTree *tree, uint32_t owner)
{
    GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)client_unref);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&tree->lock);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, tree->clients);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Client *client = value;
        if (owner == 0 || client->owner == owner) {
            g_atomic_ref_count_inc(&client->refs);
            g_ptr_array_add(found, client);
        }
    }
    return found;
}

void object_tree_close(ObjectTree *tree, uint32_t owner)
{
    g_autoptr(GPtrArray) clients = clients_of(tree, owner);

    for (guint i = 0; i < clients->len; i++) {
        Client *client = g_ptr_array_index(clients, i);
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&client->lock);
        if (!client->released) {
            client_free(tree, client, client->handle);
        }
    }
}

ObjectTreeSize object_tree_size(ObjectTree *tree)
{
    g_autoptr(GPtrArray) clients = clients_of(tree, 0);
    ObjectTreeSize size = {.clients = clients->len};

    for (guint i = 0; i < clients->len; i++) {
        Client *client = g_ptr_array_index(clients, i);
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&client->lock);
        size.objects += g_hash_table_size(client->objects);
    }
    return size;
}
