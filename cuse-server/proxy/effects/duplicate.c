/* SPDX-License-Identifier: Apache-2.0 */
/* Effects of calls that duplicate objects, and of calls that set the policies for duplicating. */
#include "abi/control/ctrl0000.h"
#include "abi/status.h"
#include "cuse-server/proxy/effects/effects.h"

/*
 * Decide whether a client may duplicate an object of another. Between clients of different processes, the driver's share
 * policies must allow it. The driver cannot check that, because it sees one process for all guests. An object that does not
 * exist is reported first, as the driver does (src/nvidia/src/libraries/resserv/src/rs_server.c, serverCopyResource).
 */
static NvU32 verdict(const ClientPair *pair, NvHandle source)
{
    uint32_t object_class;

    if (client_may_duplicate(pair->second, source, pair->first)) {
        return NV_OK;
    }
    return client_class(pair->second, source, &object_class) ? NV_ERR_INSUFFICIENT_PERMISSIONS
                                                             : NV_ERR_OBJECT_NOT_FOUND;
}

static bool check_dup(Call *call)
{
    return call_has_room(call, 1, false);
}

static bool before_dup(Call *call)
{
    const NVOS55_PARAMETERS *p = call->params;

    if (!object_tree_lock_pair(call->objects, p->hClient, p->hClientSrc, &call->clients)) {
        return call_refuse_status(call, NV_ERR_INVALID_CLIENT, REFUSAL_BAD_CLIENT);
    }
    const NvU32 status = verdict(&call->clients, p->hObjectSrc);
    return status == NV_OK || call_refuse_status(call, status, REFUSAL_NOT_SHARED);
}

static void after_dup(Call *call)
{
    const NVOS55_PARAMETERS *p = call->params;
    const NVOS55_PARAMETERS *asked = call->asked;

    client_copy(call->clients.first, p->hObject, asked->hParent, call->clients.second,
                asked->hObjectSrc);
}

const Effect effect_dup_object = {
    .keeps = true, .check = check_dup, .before = before_dup, .after = after_dup};

/* --- policies: the driver judges a client that is not recorded here ----------------------------- */

static void after_share(Call *call)
{
    const NVOS57_PARAMETERS *asked = call->asked;

    if (call->client) {
        client_share(call->client, asked->hObject, &asked->sharePolicy);
    }
}

const Effect effect_share = {.lock = LOCK_KNOWN, .keeps = true, .after = after_share};

static void after_inherited_share(Call *call)
{
    const NV0000_CTRL_CLIENT_SET_INHERITED_SHARE_POLICY_PARAMS *asked = call->asked;

    if (call->client) {
        client_share(call->client, call_control(call)->hClient, &asked->sharePolicy);
    }
}

const Effect effect_inherited_share = {
    .lock = LOCK_KNOWN, .keeps = true, .after = after_inherited_share};
