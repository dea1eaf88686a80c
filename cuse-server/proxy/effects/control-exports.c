/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Effects of calls that export objects to an open file or a dma-buf, and import objects from an open file. The driver duplicates the
 * objects in both cases. A file holds the objects that were exported to it until the driver releases the file, even if the
 * client ends before. An imported object is an object like any other. Both kinds count against the limit.
 */
#include "abi/control/ctrl0000.h"
#include "cuse-server/proxy/effects/effects.h"
#include "cuse-server/proxy/effects/memory-cost.h"

enum {
    TYPE_NONE =
        0, /* NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECT_TYPE_NONE: there was no object to import */
    UNKNOWN_CLASS = 0,
};

typedef NV0000_CTRL_OS_UNIX_EXPORT_OBJECTS_TO_FD_PARAMS ExportMany;
typedef NV0000_CTRL_OS_UNIX_EXPORT_OBJECT_TO_FD_PARAMS ExportOne;
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

static bool check_room(Call *call)
{
    return call_has_room(call, count_objects(call), false);
}

/* The file keeps the memory of what was exported to it. Handle 0 empties a place. */
static void record_exports(Call *call)
{
    if (call->entry->number == NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECTS_TO_FD) {
        const ExportMany *many = call->asked;
        for (unsigned i = 0; i < MIN(many->numObjects, G_N_ELEMENTS(many->objects)); i++) {
            nv_file_export(call->target, many->index + i,
                           client_charge(call->client, many->objects[i]));
        }
    } else {
        const ExportOne *one = call->asked;
        nv_file_export(call->target, 0,
                       client_charge(call->client, one->object.data.rmObject.hObject));
    }
}

static void after_export(Call *call)
{
    object_tree_hold(call->objects, nv_file_fill(call->target, count_places(call)));
    record_exports(call);
}

const Effect effect_export = {.lock = LOCK_EXISTING,
                              .locks_target = true,
                              .keeps = true,
                              .check = check_room,
                              .after = after_export};

/* Record an object that was imported from a place of the file. It holds the memory that the file holds there. */
static void record_import(Call *call, NvHandle object, NvHandle parent, unsigned place)
{
    Charge *charge = nv_file_exported(call->target, place);

    client_add(call->client, object, UNKNOWN_CLASS, &parent, 1);
    if (charge) {
        client_set_charge(call->client, object, charge);
    }
}

/* Record the imported objects. Skip those that were not imported: their member still contains the guest's own number, which may
 * be the handle of another object. */
static void record_many(Call *call, const ImportMany *params)
{
    for (unsigned i = 0; i < MIN(params->numObjects, G_N_ELEMENTS(params->objects)); i++) {
        if (params->objectTypes[i] != TYPE_NONE) {
            record_import(call, params->objects[i], params->hParent, params->index + i);
        }
    }
}

static void after_import(Call *call)
{
    if (call->entry->number == NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECT_FROM_FD) {
        const ImportOne *one = call->params;
        record_import(call, one->object.data.rmObject.hObject, one->object.data.rmObject.hParent,
                      0);
    } else {
        record_many(call, call->params);
    }
}

const Effect effect_import = {
    .lock = LOCK_EXISTING, .locks_target = true, .check = check_room, .after = after_import};

/* --- NV_ESC_EXPORT_TO_DMABUF_FD ----------------------------------------------------------------- */

/* The driver duplicates the objects for the dma-buf, until it is closed everywhere (kernel-open/nvidia/nv-dmabuf.c). If the guest
 * has closed it already, there is no target. */
static void after_dmabuf(Call *call)
{
    const nv_ioctl_export_to_dma_buf_fd_t *params = call->params;

    if (!call->client || !call->target) {
        return;
    }
    g_autoptr(GPtrArray) held = memory_held(call, params->numObjects);
    for (guint i = 0; i < held->len; i++) {
        nv_file_hold(call->target, g_ptr_array_index(held, i));
    }
}

const Effect effect_export_dmabuf = {
    .way = ASK_FOR_FILE, .lock = LOCK_KNOWN, .after = after_dmabuf};
