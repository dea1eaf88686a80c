/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/objects/object.h"

#include "cuse-server/proxy/objects/client.h"

enum {
    DEPENDENCIES_MAX = 64, /* of one object; no class of the driver has more than a few */
};

void object_link_clear(ObjectLink *link)
{
    client_unref(link->client);
}

static void edge_remove(ObjectEdge *edge)
{
    g_queue_unlink(&edge->object->dependencies, &edge->in_dependencies);
    g_queue_unlink(&edge->dependency->dependents, &edge->in_dependents);
    g_free(edge);
}

void object_add_edge(Object *object, Object *dependency)
{
    ObjectEdge *edge;

    if (object->dependencies.length == DEPENDENCIES_MAX) {
        return;
    }
    edge = g_new0(ObjectEdge, 1);
    edge->object = object;
    edge->dependency = dependency;
    edge->in_dependencies.data = edge;
    edge->in_dependents.data = edge;
    g_queue_push_tail_link(&object->dependencies, &edge->in_dependencies);
    g_queue_push_tail_link(&dependency->dependents, &edge->in_dependents);
}

void object_destroy(Object *object)
{
    while (object->dependencies.head) {
        edge_remove(object->dependencies.head->data);
    }
    while (object->dependents.head) {
        edge_remove(object->dependents.head->data);
    }
    g_clear_pointer(&object->links, g_array_unref);
    g_clear_pointer(&object->charge, charge_unref);
    if (object->channel) {
        channel_leave(object->channel);
    }
    if (object->group) {
        channel_group_leave(object->group, object->serial);
    }
    share_policies_clear(&object->policies);
    g_free(object);
}

void object_add_link(Object *object, Client *other_client, const Object *other, bool is_dependent)
{
    ObjectLink link = {client_ref(other_client), other->handle, other->serial, is_dependent};

    if (!object->links) {
        object->links = g_array_new(FALSE, FALSE, sizeof(ObjectLink));
        g_array_set_clear_func(object->links, (GDestroyNotify)object_link_clear);
    }
    g_array_append_val(object->links, link);
}

void object_remove_link(Object *object, uint64_t serial)
{
    for (guint i = 0; object->links && i < object->links->len; i++) {
        if (g_array_index(object->links, ObjectLink, i).serial == serial) {
            g_array_remove_index_fast(object->links, i);
            return;
        }
    }
}
