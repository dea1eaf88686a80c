/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands that only the model has: model-control.h. */
#include "model-control.h"

#include "control/control.h"

/* NV0005_ALLOC_PARAMETERS.notifyIndex: flags above the index itself. */
#define NOTIFY_INDEX_MASK 0xffff

enum { ACTION_DISABLE, ACTION_SINGLE, ACTION_REPEAT };

static u32 copy_memory(struct control *control, bool write)
{
    MODEL_CTRL_MEMORY_PARAMS *params = control->params.data;
    struct rm_object *memory;
    u32 status;

    if (control->size != sizeof(*params) || params->length > sizeof(params->data))
        return NV_ERR_INVALID_PARAM_STRUCT;
    status =
        rm_object_get(control->client, params->hMemory, RM_MEMORY, NV_ERR_INVALID_OBJECT, &memory);
    if (status != NV_OK)
        return status;
    if (!memory->memory ||
        !memory_copy(memory->memory, params->offset, params->data, params->length, write))
        return NV_ERR_INVALID_LIMIT;
    return NV_OK;
}

static u32 read_memory(struct control *control)
{
    return copy_memory(control, false);
}

static u32 write_memory(struct control *control)
{
    return copy_memory(control, true);
}

struct firing {
    MODEL_CTRL_FIRE_EVENT_PARAMS *params;
    const struct rm_object *source;
};

static bool fire_in_client(struct rm_client *client, void *data)
{
    struct firing *firing = data;
    struct rm_object *object;

    list_for_each_entry(object, &client->objects,
                        link) if (object->kind == RM_EVENT && object->source == firing->source &&
                                  (object->notify_index & NOTIFY_INDEX_MASK) ==
                                      firing->params->notifyIndex)
    {
        event_post(object, firing->params->info32, firing->params->info16);
        firing->params->delivered++;
    }
    return true;
}

static u32 fire_event(struct control *control)
{
    struct firing firing = {.params = control->params.data,
                            .source = rm_ancestor(control->object, RM_SUBDEVICE)};
    u32 *action;

    if (control->size != sizeof(*firing.params))
        return NV_ERR_INVALID_PARAM_STRUCT;
    if (firing.params->notifyIndex >= ARRAY_SIZE(firing.source->notify_action))
        return NV_ERR_INVALID_ARGUMENT;
    firing.params->delivered = 0;
    action = &rm_ancestor(control->object, RM_SUBDEVICE)->notify_action[firing.params->notifyIndex];
    if (*action == ACTION_DISABLE)
        return NV_OK;
    rm_clients_each(fire_in_client, &firing);
    if (*action == ACTION_SINGLE)
        *action = ACTION_DISABLE;
    return NV_OK;
}

static u32 begin_wait(struct control *control)
{
    const MODEL_CTRL_WAIT_PARAMS *params = control->params.data;

    if (control->size != sizeof(*params))
        return NV_ERR_INVALID_PARAM_STRUCT;
    control->wait_ms = params->milliseconds;
    return NV_OK;
}

control_function *control_model_find(u32 command)
{
    switch (command) {
    case MODEL_CTRL_CMD_READ_MEMORY:
        return read_memory;
    case MODEL_CTRL_CMD_WRITE_MEMORY:
        return write_memory;
    case MODEL_CTRL_CMD_FIRE_EVENT:
        return fire_event;
    case MODEL_CTRL_CMD_WAIT:
        return begin_wait;
    default:
        return NULL;
    }
}
