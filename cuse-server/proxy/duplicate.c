/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/duplicate.h"

#include "abi/ctrl0000.h"
#include "abi/status.h"
#include "cuse-server/proxy/handlers.h"

/*
 * Between clients of different processes the driver's policies must allow it, and the driver sees one
 * process. What is not there to be duplicated is told first, as by the driver
 * (src/nvidia/src/libraries/resserv/src/rs_server.c, serverCopyResource).
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

static RequestResult dup_object(Request *req, const AbiEntry *entry, NVOS55_PARAMETERS *p,
                                const ClientPair *pair)
{
    const NvHandle parent = p->hParent;
    const NvHandle source = p->hObjectSrc;
    NvU32 status = verdict(pair, source);

    if (status != NV_OK) {
        return request_refuse_status(req, &p->status, status, REFUSAL_NOT_SHARED);
    }
    if (request_host_ioctl(req, frontend_command(entry->number, sizeof *p), p)) {
        req->event.status = p->status;
        if (p->status == NV_OK) {
            client_copy(pair->first, p->hObject, parent, pair->second, source);
        }
    }
    return REQUEST_DONE;
}

RequestResult frontend_dup_object(Request *req, const AbiEntry *entry)
{
    NVOS55_PARAMETERS *p = guest_map(req, req->argument, sizeof *p, GUEST_INOUT);
    ObjectTree *tree = req->proxy->objects;
    ClientPair pair;

    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    if (!proxy_has_room(req->proxy, 1, false)) {
        return request_refuse_status(req, &p->status, NV_ERR_INSUFFICIENT_RESOURCES, REFUSAL_LIMIT);
    }
    if (!object_tree_lock_pair(tree, p->hClient, p->hClientSrc, &pair)) {
        return request_refuse_status(req, &p->status, NV_ERR_INVALID_CLIENT, REFUSAL_BAD_CLIENT);
    }
    RequestResult result = dup_object(req, entry, p, &pair);
    object_tree_unlock_pair(&pair);
    return result;
}

/* Remember a policy that the driver took. A client that is not recorded here is for it to judge. */
static void remember(Client *client, NvHandle object, NvU32 status, const RS_SHARE_POLICY *policy)
{
    if (client && status == NV_OK) {
        client_share(client, object, policy);
    }
}

RequestResult frontend_share(Request *req, const AbiEntry *entry)
{
    NVOS57_PARAMETERS *p = guest_map(req, req->argument, sizeof *p, GUEST_INOUT);

    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    const NVOS57_PARAMETERS asked = *p;
    Client *client = object_tree_lock(req->proxy->objects, asked.hClient);
    if (request_host_ioctl(req, frontend_command(entry->number, sizeof *p), p)) {
        req->event.status = p->status;
        remember(client, asked.hObject, p->status, &asked.sharePolicy);
    }
    if (client) {
        object_tree_unlock(client);
    }
    return REQUEST_DONE;
}

RequestResult control_set_inherited_share_policy(Request *req, const AbiEntry *entry,
                                                 NVOS54_PARAMETERS *guest)
{
    bool refused;
    NV0000_CTRL_CLIENT_SET_INHERITED_SHARE_POLICY_PARAMS *params =
        control_map_params(req, guest, sizeof *params, &refused);

    if (!params) {
        return refused ? REQUEST_DONE : REQUEST_RETRY;
    }
    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    const RS_SHARE_POLICY policy = params->sharePolicy;
    Client *client = object_tree_lock(req->proxy->objects, guest->hClient);
    if (control_call_host(req, entry, guest, params)) {
        remember(client, guest->hClient, guest->status, &policy);
    }
    if (client) {
        object_tree_unlock(client);
    }
    return REQUEST_DONE;
}
