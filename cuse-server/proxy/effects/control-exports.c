/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Effects of calls that export objects to an open file, and import objects from an open file. The driver duplicates the
 * objects in both cases. A file holds the objects that were exported to it until the driver releases the file, even if the
 * client ends before. An imported object is an object like any other. Both kinds count against the limit.
 */
#include "abi/control/ctrl0000.h"
#include "cuse-server/proxy/effects/effects.h"

enum {
    TYPE_NONE =
        0, /* NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECT_TYPE_NONE: there was no object to import */
    UNKNOWN_CLASS = 0,
};

typedef NV0000_CTRL_OS_UNIX_EXPORT_OBJECTS_TO_FD_PARAMS ExportMany;
typedef NV0000_CTRL_OS_UNIX_IMPORT_OBJECT_FROM_FD_PARAMS ImportOne;
typedef NV0000_CTRL_OS_UNIX_IMPORT_OBJECTS_FROM_FD_PARAMS ImportMany;

/* Count the objects that a call exports or imports. */
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

/* Upper bound of the file's filled places after an export: assume that all places before the exported ones are filled too. */
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

/* Record the imported objects. Skip those that were not imported: their member still contains the guest's own number, which may
 * be the handle of another object. */
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
