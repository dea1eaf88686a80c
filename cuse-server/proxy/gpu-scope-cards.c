/* SPDX-License-Identifier: Apache-2.0 */
/* The two calls whose arguments are arrays of GPUs, as long as the guest likes. */
#include <errno.h>
#include <string.h>

#include "cuse-server/proxy/gpu-scope-call.h"
#include "cuse-server/proxy/handlers.h"

enum { CARDS_BYTES = NV_MAX_DEVICES * sizeof(nv_ioctl_card_info_t) };

/* Copy our cards to @to, one behind the other. Returns how many there are, more than @room perhaps. */
static size_t take_cards(const GpuScope *scope, const nv_ioctl_card_info_t *cards, size_t n,
                         nv_ioctl_card_info_t *to, size_t room)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (!cards[i].valid || !gpu_scope_has_id(scope, cards[i].gpu_id)) {
            continue;
        }
        if (kept < room) {
            to[kept] = cards[i];
        }
        kept++;
    }
    return kept;
}

/*
 * NV_ESC_CARD_INFO: the driver wants a slot for each GPU of the host, the guest knows of ours alone:
 * so the driver gets more slots, and the guest what is ours, in as many slots as it has. The rest is
 * zeroed, which is what the driver does.
 */
static void card_info(Request *req, void *bytes, size_t size)
{
    size_t host_size = size < CARDS_BYTES ? size + CARDS_BYTES : size;
    g_autofree nv_ioctl_card_info_t *cards = g_malloc0(host_size);
    size_t room = size / sizeof *cards;

    if (!request_host_ioctl(req, frontend_command(NV_ESC_CARD_INFO, host_size), cards)) {
        return;
    }
    g_autofree nv_ioctl_card_info_t *ours = g_malloc0(size);
    if (take_cards(req->proxy->scope, cards, host_size / sizeof *cards, ours, room) > room) {
        request_refuse(req, EINVAL, REFUSAL_NONE);
        return;
    }
    memcpy(bytes, ours, size);
}

/* NV_ESC_ATTACH_GPUS_TO_FD: ids; 0 is none. */
static void attach_gpus(Request *req, void *bytes, size_t size)
{
    g_autofree NvU32 *ids = g_memdup2(bytes, size);

    for (size_t i = 0; i < size / sizeof *ids; i++) {
        if (ids[i] && !gpu_scope_has_id(req->proxy->scope, ids[i])) {
            ids[i] = GPU_SCOPE_NO_ID;
        }
    }
    /* The driver writes nothing into it. */
    request_host_ioctl(req, frontend_command(NV_ESC_ATTACH_GPUS_TO_FD, size), ids);
}

/* The argument is an array, and its size the ioctl's. A null argument goes with no bytes: the driver then says what it thinks
 * of that. */
static RequestResult pass_array(Request *req, const AbiEntry *entry,
                                void (*scoped)(Request *req, void *bytes, size_t size))
{
    const size_t size = frontend_size(req->command);
    void *bytes = size ? guest_map(req, req->argument, size, GUEST_INOUT) : NULL;

    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    if (!req->proxy->scope || size == 0) {
        request_host_ioctl(req, frontend_command(entry->number, size), bytes);
        return REQUEST_DONE;
    }
    int error = gpu_scope_prepare(req->proxy->scope);
    if (error) {
        return request_refuse(req, error, REFUSAL_NONE);
    }
    scoped(req, bytes, size);
    return REQUEST_DONE;
}

RequestResult frontend_card_info(Request *req, const AbiEntry *entry)
{
    return pass_array(req, entry, card_info);
}

RequestResult frontend_attach_gpus_to_fd(Request *req, const AbiEntry *entry)
{
    return pass_array(req, entry, attach_gpus);
}
