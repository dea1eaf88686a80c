/* SPDX-License-Identifier: GPL-2.0-only */
/* Clients of the resource manager. */
#include <linux/cred.h>
#include <linux/slab.h>

#include "rm/rm.h"

#define CLIENT_HANDLE_BASE  0xc1d00000
#define CLIENT_HANDLE_RANGE 0x00100000
#define OBJECT_HANDLE_BASE  0xcaf00000

DEFINE_MUTEX(rm_lock);

static LIST_HEAD(clients);
static u32 next_client;

struct rm_client *rm_client_find(u32 handle)
{
    struct rm_client *client;

    list_for_each_entry(client, &clients, link) if (client->handle == handle) return client;
    return NULL;
}

u32 rm_client_get(struct nv_file *file, u32 handle, struct rm_client **client)
{
    *client = rm_client_find(handle);
    return *client && (*client)->owner == nv_file_owner(file) ? NV_OK : NV_ERR_INVALID_CLIENT;
}

/* Handles are not reused soon, so that a stale one can be recognised. */
static u32 choose_handle(void)
{
    u32 handle;

    do
        handle = CLIENT_HANDLE_BASE + next_client++ % CLIENT_HANDLE_RANGE;
    while (rm_client_find(handle));
    return handle;
}

u32 rm_client_new(struct nv_file *file, u32 handle, struct rm_client **result)
{
    struct rm_client *client;
    struct rm_object *root;

    if (handle && rm_client_find(handle))
        return NV_ERR_INSERT_DUPLICATE_NAME;
    client = kzalloc(sizeof(*client), GFP_KERNEL);
    if (!client)
        return NV_ERR_NO_MEMORY;
    client->handle = handle ? handle : choose_handle();
    client->owner = nv_file_owner(file);
    client->process = task_tgid_nr(current);
    client->pid = get_task_pid(current, PIDTYPE_TGID);
    client->euid = current_euid();
    client->admin = caller_is_admin();
    client->next_handle = OBJECT_HANDLE_BASE;
    INIT_LIST_HEAD(&client->objects);
    xa_init(&client->handles);
    list_add_tail(&client->link, &clients);
    live_add(clients, 1);
    if (rm_object_add(client, NULL, client->handle, NV01_ROOT_CLIENT, RM_CLIENT, &root) != NV_OK) {
        rm_client_free(client);
        return NV_ERR_NO_MEMORY;
    }
    *result = client;
    return NV_OK;
}

void rm_client_free(struct rm_client *client)
{
    while (!list_empty(&client->objects))
        rm_object_free(list_last_entry(&client->objects, struct rm_object, link));
    xa_destroy(&client->handles);
    list_del(&client->link);
    put_pid(client->pid);
    kfree(client);
    live_add(clients, -1);
}

void rm_clients_of_file_free(struct nv_file *file)
{
    struct rm_client *client, *next;

    list_for_each_entry_safe(client, next, &clients, link) if (client->owner == file)
        rm_client_free(client);
}

void rm_clients_each(bool (*visit)(struct rm_client *, void *), void *data)
{
    struct rm_client *client;

    list_for_each_entry(client, &clients, link) if (!visit(client, data)) return;
}
