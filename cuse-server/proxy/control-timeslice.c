/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time slices. A channel group that has work keeps a GPU's engine for its time slice before the next
 * group gets it, whichever container that is of. So no guest sets a longer one than the longest that a
 * program needs; but it is told, now and when it asks later, what it asked for, as the driver would.
 */
#include "abi/ctrl-channel.h"
#include "abi/status.h"
#include "cuse-server/proxy/control.h"

/* The time slice that libcuda itself asks for, in microseconds: nobody loses by it. */
#define TIMESLICE_US_MAX UINT64_C(2048)

/* Nothing is no time slice at all: the hardware then need not take the engine away ever, and what the driver
 * makes of it is decided in the GPU's firmware. */
static NvU64 grant(NvU64 wanted)
{
    return wanted == 0 ? TIMESLICE_US_MAX : MIN(wanted, TIMESLICE_US_MAX);
}

static void set_timeslice(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest,
                          NVA06C_CTRL_SET_TIMESLICE_PARAMS *params)
{
    const NvHandle group = guest->hObject;
    const NvU64 wanted = params->timesliceUs;
    const NvU64 granted = grant(wanted);
    Client *client = object_tree_lock(req->proxy->objects, guest->hClient);

    request_swap(req, &params->timesliceUs, &granted, sizeof granted);
    if (control_call_host(req, entry, guest, params) && guest->status == NV_OK && client) {
        client_set_timeslice(client, group, wanted);
    }
    if (client) {
        object_tree_unlock(client);
    }
}

RequestResult control_set_timeslice(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest)
{
    bool refused;
    NVA06C_CTRL_SET_TIMESLICE_PARAMS *params =
        control_map_struct(req, guest, sizeof *params, &refused);

    if (!params) {
        return refused ? REQUEST_DONE : REQUEST_RETRY;
    }
    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    set_timeslice(req, entry, guest, params);
    return REQUEST_DONE;
}

RequestResult control_get_timeslice(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest)
{
    bool refused;
    NVA06C_CTRL_GET_TIMESLICE_PARAMS *params =
        control_map_struct(req, guest, sizeof *params, &refused);

    if (!params) {
        return refused ? REQUEST_DONE : REQUEST_RETRY;
    }
    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    const NvHandle group = guest->hObject;
    Client *client = object_tree_lock(req->proxy->objects, guest->hClient);
    if (control_call_host(req, entry, guest, params) && guest->status == NV_OK && client) {
        client_timeslice(client, group, &params->timesliceUs);
    }
    if (client) {
        object_tree_unlock(client);
    }
    return REQUEST_DONE;
}
