/* SPDX-License-Identifier: Apache-2.0 */
/* Ties objects of the tree to the entries of channels and groups. The client is locked. */
#include "cuse-server/proxy/objects/client.h"

static ChannelName name_of(const Client *client, const Object *object)
{
    return (ChannelName){client->handle, object->handle, client->owner, object->serial};
}

void object_set_group(Client *client, Object *object, ChannelGroup *group)
{
    const ChannelName name = name_of(client, object);

    if (group && !object->group) {
        object->group = channel_group_join(group, &name);
    }
}

void client_set_group(Client *client, uint32_t handle, ChannelGroup *group)
{
    Object *object = client_find_object(client, handle);

    if (object) {
        object_set_group(client, object, group);
    }
}

ChannelGroup *client_group(Client *client, uint32_t handle)
{
    const Object *object = client_find_object(client, handle);

    return object ? object->group : NULL;
}

void client_set_channel(Client *client, uint32_t handle, ChannelGroup *group)
{
    Object *object = client_find_object(client, handle);

    if (object && !object->channel) {
        const ChannelName name = name_of(client, object);
        object->channel = channel_new(group, &name);
    }
}

Channel *client_channel(Client *client, uint32_t handle)
{
    const Object *object = client_find_object(client, handle);

    return object ? object->channel : NULL;
}
