/* SPDX-License-Identifier: GPL-2.0-only */
/* Duplication of objects between clients, and the policies that allow it. */
#include <linux/cred.h>

#include "rm/rm-channel.h"
#include "rm/rm.h"

/* RS_SHARE_POLICY: to whom it applies, and its effect. */
enum { SHARE_TYPE_NONE, SHARE_TYPE_ALL, SHARE_TYPE_TOKEN, SHARE_TYPE_CLIENT, SHARE_TYPE_PID };
#define SHARE_ACTION_REVOKE  0x1
#define SHARE_ACTION_COMPOSE 0x4
#define ACCESS_DUP_OBJECT    0x1

/* Kinds whose objects can be duplicated. */
#define CAN_COPY (RM_MEMORY | RM_VASPACE | RM_CHANNEL_GROUP | RM_CHANNEL | RM_CONTEXT_SHARE)

static bool policy_names(const RS_SHARE_POLICY *policy, const struct rm_client *client,
                         const struct rm_client *owner)
{
    switch (policy->type) {
    case SHARE_TYPE_ALL:
        return true;
    case SHARE_TYPE_TOKEN:
        return uid_eq(client->euid, owner->euid) || client->process == owner->process;
    case SHARE_TYPE_CLIENT:
        return policy->target == client->handle;
    case SHARE_TYPE_PID:
        return client->process == owner->process;
    default:
        return false;
    }
}

bool rm_may_duplicate(struct rm_client *client, const struct rm_object *source)
{
    unsigned int i;
    const struct rm_object *root = rm_object_find(source->client, source->client->handle);
    const struct rm_object *from = source->n_policies ? source : root;
    /* The policy that every object inherits: the same process may. */
    bool allowed = source->client->process == client->process;

    for (i = 0; i < from->n_policies; i++) {
        const RS_SHARE_POLICY *policy = &from->policies[i];

        if (policy_names(policy, client, source->client) &&
            (policy->accessMask.limbs[0] & ACCESS_DUP_OBJECT))
            allowed = !(policy->action & SHARE_ACTION_REVOKE);
    }
    return allowed;
}

u32 rm_duplicate(struct rm_client *client, struct rm_object *parent, u32 handle,
                 struct rm_object *source, struct rm_object **copy)
{
    unsigned int i;
    u32 status;

    if (!(source->kind & CAN_COPY))
        return NV_ERR_INVALID_ARGUMENT;
    if (source->gpu && parent->gpu && source->gpu != parent->gpu)
        return NV_ERR_INVALID_OBJECT_PARENT;
    status = rm_object_add(client, parent, handle, source->class, source->kind, copy);
    if (status != NV_OK)
        return status;
    (*copy)->gpu = source->gpu;
    (*copy)->is_copy = true;
    if (source->kind == RM_CHANNEL_GROUP)
        (*copy)->original = channel_group(source);
    if (source->memory)
        (*copy)->memory = memory_get(source->memory);
    for (i = 0; i < RM_NEEDS_MAX && source->needs[i]; i++)
        rm_object_needs(*copy, source->needs[i]);
    return NV_OK;
}

static u32 duplicate(struct nv_call *call, NVOS55_PARAMETERS *args)
{
    struct rm_client *client, *source_client;
    struct rm_object *parent, *source, *copy;
    u32 status = rm_client_get(call->file, args->hClient, &client);

    if (status != NV_OK)
        return status;
    /* Only the destination must belong to the caller; policies guard the source. */
    source_client = rm_client_find(args->hClientSrc);
    if (!source_client)
        return NV_ERR_INVALID_CLIENT;
    status = rm_object_get(client, args->hParent, RM_CLIENT | RM_DEVICE | RM_SUBDEVICE,
                           NV_ERR_INVALID_OBJECT_PARENT, &parent);
    if (status != NV_OK)
        return status;
    source = rm_object_find(source_client, args->hObjectSrc);
    if (!source)
        return NV_ERR_OBJECT_NOT_FOUND;
    if (!rm_may_duplicate(client, source))
        return NV_ERR_INSUFFICIENT_PERMISSIONS;
    status = rm_duplicate(client, parent, args->hObject, source, &copy);
    if (status == NV_OK)
        args->hObject = copy->handle;
    return status;
}

int nv_rm_dup_object(struct nv_call *call)
{
    NVOS55_PARAMETERS *args = call->params.data;

    mutex_lock(&rm_lock);
    args->status = duplicate(call, args);
    mutex_unlock(&rm_lock);
    record_add(call->record, "status=%s", status_name(args->status));
    return 0;
}

u32 rm_share(struct rm_object *object, const RS_SHARE_POLICY *policy)
{
    if (policy->type > SHARE_TYPE_PID)
        return NV_ERR_INVALID_ARGUMENT;
    /* Without COMPOSE a policy replaces the earlier ones. */
    if (!(policy->action & SHARE_ACTION_COMPOSE))
        object->n_policies = 0;
    if (object->n_policies == RM_POLICIES_MAX)
        return NV_ERR_INSUFFICIENT_RESOURCES;
    object->policies[object->n_policies++] = *policy;
    return NV_OK;
}

static u32 share(struct nv_call *call, const NVOS57_PARAMETERS *args)
{
    struct rm_client *client;
    struct rm_object *object;
    u32 status = rm_client_get(call->file, args->hClient, &client);

    if (status == NV_OK)
        status = rm_object_get(client, args->hObject, RM_ANY, NV_OK, &object);
    return status == NV_OK ? rm_share(object, &args->sharePolicy) : status;
}

int nv_rm_share(struct nv_call *call)
{
    NVOS57_PARAMETERS *args = call->params.data;

    mutex_lock(&rm_lock);
    args->status = share(call, args);
    mutex_unlock(&rm_lock);
    record_add(call->record, "status=%s", status_name(args->status));
    return 0;
}
