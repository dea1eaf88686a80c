/* SPDX-License-Identifier: Apache-2.0 */
/* The two calls whose arguments are arrays of GPUs, as long as the guest likes. */
#include <errno.h>
#include <string.h>

#include "abi/nv-ioctl.h"
#include "cuse-server/proxy/effects/effects.h"

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

/* Whether there is something to be kept from the guest. */
static bool is_scoped(const Call *call)
{
    return call->scope && call->argument_size > 0;
}

static bool prepare(Call *call)
{
    const int error = gpu_scope_prepare(call->scope);

    return error == 0 || call_refuse(call, error, REFUSAL_NONE);
}

static size_t host_size(const Call *call)
{
    const size_t size = call->argument_size;

    return size < CARDS_BYTES ? size + CARDS_BYTES : size;
}

/*
 * NV_ESC_CARD_INFO: the driver wants a slot for each GPU of the host, the guest knows of ours alone:
 * so the driver gets more slots, and the guest what is ours, in as many slots as it has. The rest is
 * zeroed, which is what the driver does.
 */
static bool before_card_info(Call *call)
{
    if (!is_scoped(call)) {
        return true;
    }
    if (!prepare(call)) {
        return false;
    }
    call_ask_with(call, g_malloc0(host_size(call)), host_size(call));
    return true;
}

static void after_card_info(Call *call)
{
    const nv_ioctl_card_info_t *cards = call->own;
    const size_t room = call->argument_size / sizeof *cards;

    if (!cards) {
        return;
    }
    g_autofree nv_ioctl_card_info_t *ours = g_malloc0(call->argument_size);
    if (take_cards(call->scope, cards, host_size(call) / sizeof *cards, ours, room) > room) {
        call_refuse(call, EINVAL, REFUSAL_NONE);
        return;
    }
    memcpy(call->argument, ours, call->argument_size);
}

const Effect effect_card_info = {
    .argument = ARGUMENT_ARRAY, .before = before_card_info, .after = after_card_info};

/* NV_ESC_ATTACH_GPUS_TO_FD: ids; 0 is none. The driver writes nothing into them. */
static bool before_attach_gpus(Call *call)
{
    if (!is_scoped(call)) {
        return true;
    }
    if (!prepare(call)) {
        return false;
    }
    NvU32 *ids = g_memdup2(call->argument, call->argument_size);
    for (size_t i = 0; i < call->argument_size / sizeof *ids; i++) {
        if (ids[i] && !gpu_scope_has_id(call->scope, ids[i])) {
            ids[i] = GPU_SCOPE_NO_ID;
        }
    }
    call_ask_with(call, ids, call->argument_size);
    return true;
}

const Effect effect_attach_gpus_to_fd = {.argument = ARGUMENT_ARRAY, .before = before_attach_gpus};
