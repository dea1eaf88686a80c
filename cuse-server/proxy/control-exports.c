/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects that are exported to an open file, and imported from one. The driver duplicates them either way: a file
 * holds what was exported to it until it is released, whatever becomes of the client; and what is imported is an
 * object like any other. Both count.
 */
#include <errno.h>

#include "abi/ctrl0000.h"
#include "abi/status.h"
#include "cuse-server/proxy/control.h"

enum {
    TYPE_NONE =
        0, /* NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECT_TYPE_NONE: nothing was there to be imported */
    UNKNOWN_CLASS = 0,
};

typedef NV0000_CTRL_OS_UNIX_EXPORT_OBJECTS_TO_FD_PARAMS ExportMany;
typedef NV0000_CTRL_OS_UNIX_IMPORT_OBJECT_FROM_FD_PARAMS ImportOne;
typedef NV0000_CTRL_OS_UNIX_IMPORT_OBJECTS_FROM_FD_PARAMS ImportMany;

/* How many objects a call is about. */
static unsigned count_objects(const AbiEntry *entry, const void *params)
{
    switch (entry->number) {
    case NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECTS_TO_FD:
        return ((const ExportMany *)params)->numObjects;
    case NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECTS_FROM_FD:
        return ((const ImportMany *)params)->numObjects;
    default:
        return 1;
    }
}

/* How many places of the file an export has filled, if those before are: it holds no more than that. */
static unsigned count_places(const AbiEntry *entry, const void *params)
{
    const ExportMany *many = params;

    return entry->number == NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECTS_TO_FD
               ? (unsigned)many->index + many->numObjects
               : 1;
}

/* The parameters, once there is room for what they are about; or NULL: @result says what to return. */
static void *begin(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest,
                   RequestResult *result)
{
    bool refused;
    void *params = control_map_params(req, guest, entry->layout->size, &refused);

    *result = params || !refused ? REQUEST_RETRY : REQUEST_DONE;
    if (!params || !guest_commit(req)) {
        return NULL;
    }
    if (!proxy_has_room(req->proxy, count_objects(entry, params), false)) {
        *result = request_refuse_status(req, &guest->status, NV_ERR_INSUFFICIENT_RESOURCES,
                                        REFUSAL_LIMIT);
        return NULL;
    }
    return params;
}

RequestResult control_export(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest)
{
    RequestResult result;
    void *params = begin(req, entry, guest, &result);

    if (!params) {
        return result;
    }
    NvFile *target = request_swap_only_fd(req, entry->layout, params);
    if (!target) {
        return request_refuse(req, EINVAL, REFUSAL_BAD_FD);
    }
    g_autoptr(NvFile) file = nv_file_ref(target);
    const unsigned places = count_places(entry, params);
    if (control_call_host(req, entry, guest, params) && guest->status == NV_OK) {
        object_tree_hold(req->proxy->objects, nv_file_fill(file, places));
    }
    return REQUEST_DONE;
}

static void record_one(Client *client, const ImportOne *params)
{
    client_add(client, params->object.data.rmObject.hObject, UNKNOWN_CLASS,
               &params->object.data.rmObject.hParent, 1);
}

/* What was not imported has the guest's own number still, which may be another object's. */
static void record_many(Client *client, const ImportMany *params)
{
    for (unsigned i = 0; i < MIN(params->numObjects, G_N_ELEMENTS(params->objects)); i++) {
        if (params->objectTypes[i] != TYPE_NONE) {
            client_add(client, params->objects[i], UNKNOWN_CLASS, &params->hParent, 1);
        }
    }
}

static void import(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest, void *params)
{
    Client *client = request_lock_client(req, guest->hClient, &guest->status);

    if (!client) {
        return;
    }
    if (control_call_host(req, entry, guest, params) && guest->status == NV_OK) {
        if (entry->number == NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECT_FROM_FD) {
            record_one(client, params);
        } else {
            record_many(client, params);
        }
    }
    object_tree_unlock(client);
}

RequestResult control_import(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest)
{
    RequestResult result;
    void *params = begin(req, entry, guest, &result);

    if (!params) {
        return result;
    }
    if (!request_swap_only_fd(req, entry->layout, params)) {
        return request_refuse(req, EINVAL, REFUSAL_BAD_FD);
    }
    import(req, entry, guest, params);
    return REQUEST_DONE;
}
