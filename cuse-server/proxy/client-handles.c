/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/client-handles.h"

#include <string.h>

#include "cuse-server/proxy/params.h"

/* The driver's handles of clients are 0xc1d00000 and up (src/nvidia/inc/libraries/resserv/rs_server.h). */
#define NO_CLIENT  1U
#define NO_ADDRESS UINT64_MAX

static bool is_callers(Request *req, const GuestProcess *owner)
{
    const GuestProcess *caller = request_process(req);

    return caller && caller->id == owner->id;
}

static bool may_name(Request *req, NvHandle handle, bool process)
{
    GuestProcess owner;

    return handle == 0 || (object_tree_process(req->proxy->objects, handle, &owner) &&
                           (!process || is_callers(req, &owner)));
}

/* The members are a handle or an array of handles, aligned as such. */
static void swap_handles(Request *req, NvHandle *handles, size_t n, bool process)
{
    g_autofree NvHandle *host = g_memdup2(handles, n * sizeof *handles);
    bool differ = false;

    for (size_t i = 0; i < n; i++) {
        if (!may_name(req, handles[i], process)) {
            host[i] = NO_CLIENT;
            differ = true;
        }
    }
    if (differ) {
        request_swap(req, handles, host, n * sizeof *handles);
    }
}

void client_handles_swap_list(Request *req, NvHandle *handles, size_t n)
{
    swap_handles(req, handles, n, false);
}

/* Of the client that a call is made in the driver itself asks whose it is. */
static bool is_asked_about(const AbiRole *role)
{
    return role->kind == ABI_ROLE_CLIENT && role->client != ABI_CLIENT_CALL;
}

bool client_handles_in(const AbiLayout *layout)
{
    for (uint32_t i = 0; layout && i < layout->n_fields; i++) {
        if (is_asked_about(&layout->fields[i].role)) {
            return true;
        }
    }
    return false;
}

/* If another process allocated the client, no mapping in it is the caller's. */
static void swap_mapping(Request *req, const AbiLayout *layout, void *params,
                         const AbiField *mapping)
{
    const uint64_t none = NO_ADDRESS;
    NvHandle client = params_get_u32(params, params_field(layout, "hClient"));
    GuestProcess owner;

    if (object_tree_process(req->proxy->objects, client, &owner) && !is_callers(req, &owner)) {
        request_swap(req, params_at(params, mapping), &none, sizeof none);
    }
}

void client_handles_swap(Request *req, const AbiLayout *layout, void *params)
{
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        const AbiField *field = &layout->fields[i];
        if (is_asked_about(&field->role)) {
            swap_handles(req, params_at(params, field), field->size / sizeof(NvHandle),
                         field->role.client == ABI_CLIENT_PROCESS);
        } else if (field->role.kind == ABI_ROLE_MAPPING) { /* behind its client */
            swap_mapping(req, layout, params, field);
        }
    }
}
