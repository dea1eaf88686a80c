/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects that are exported to an open file, and imported from one. The driver duplicates them either way: a file
 * holds what was exported to it until it is released, whatever becomes of the client; and what is imported is an
 * object like any other. Both count.
 */
#include "abi/ctrl0000.h"
#include "cuse-server/proxy/effects/effects.h"

enum {
    TYPE_NONE =
        0, /* NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECT_TYPE_NONE: nothing was there to be imported */
    UNKNOWN_CLASS = 0,
};

typedef NV0000_CTRL_OS_UNIX_EXPORT_OBJECTS_TO_FD_PARAMS ExportMany;
typedef NV0000_CTRL_OS_UNIX_IMPORT_OBJECT_FROM_FD_PARAMS ImportOne;
typedef NV0000_CTRL_OS_UNIX_IMPORT_OBJECTS_FROM_FD_PARAMS ImportMany;

/* How many objects a call is about. */
static unsigned count_objects(const Call *call)
{
    switch (call->entry->number) {
    case NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECTS_TO_FD:
        return ((const ExportMany *)call->params)->numObjects;
    case NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECTS_FROM_FD:
        return ((const ImportMany *)call->params)->numObjects;
    default:
        return 1;
    }
}

/* How many places of the file an export has filled, if those before are: it holds no more than that. */
static unsigned count_places(const Call *call)
{
    const ExportMany *many = call->asked;

    return call->entry->number == NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECTS_TO_FD
               ? (unsigned)many->index + many->numObjects
               : 1;
}

static bool check_file_and_room(Call *call)
{
    return call_take_target(call) && call_has_room(call, count_objects(call), false);
}

static void after_export(Call *call)
{
    object_tree_hold(call->objects, nv_file_fill(call->target, count_places(call)));
}

const Effect effect_export = {.keeps = true, .check = check_file_and_room, .after = after_export};

/* What was not imported has the guest's own number still, which may be another object's. */
static void record_many(Client *client, const ImportMany *params)
{
    for (unsigned i = 0; i < MIN(params->numObjects, G_N_ELEMENTS(params->objects)); i++) {
        if (params->objectTypes[i] != TYPE_NONE) {
            client_add(client, params->objects[i], UNKNOWN_CLASS, &params->hParent, 1);
        }
    }
}

static void after_import(Call *call)
{
    if (call->entry->number == NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECT_FROM_FD) {
        const ImportOne *one = call->params;
        client_add(call->client, one->object.data.rmObject.hObject, UNKNOWN_CLASS,
                   &one->object.data.rmObject.hParent, 1);
    } else {
        record_many(call->client, call->params);
    }
}

const Effect effect_import = {
    .lock = LOCK_EXISTING, .check = check_file_and_room, .after = after_import};
