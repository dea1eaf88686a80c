/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/objects/object-tree.h"

#include "cuse-server/proxy/objects/client.h"

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
static void deliver(const ClientNotice *notice)
{
    Object *object = client_find_object(notice->to.client, notice->to.handle);

    if (!object || object->serial != notice->to.serial) {
        return;
    }
    if (notice->to.is_dependent) {
        client_free(notice->to.client, notice->to.handle);
    } else {
        object_remove_link(object, notice->serial);
    }
}

/* Unlock a client. Returns (transfer full) its notices, which the caller has to deliver, or NULL. */
static GArray *unlock(Client *client)
{
    GArray *notices = NULL;

    if (client->notices->len > 0) {
        notices = client->notices;
        client->notices = client_notices_new();
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
            const ClientNotice *notice = &g_array_index(batch, ClientNotice, n);
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

/* Remove the client from the map, unless its handle belongs to a newer client by now. */
void object_tree_forget(Client *client)
{
    ObjectTree *tree = client->tree;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&tree->lock);

    if (g_hash_table_lookup(tree->clients, GUINT_TO_POINTER(client->handle)) == client) {
        g_hash_table_remove(tree->clients, GUINT_TO_POINTER(client->handle));
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
        .bytes = object->charge ? charge_bytes(object->charge) : 0,
        .is_copy = object->is_copy,
        .is_shared = object->charge && charge_is_shared(object->charge),
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
