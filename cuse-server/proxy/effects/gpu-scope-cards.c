/* SPDX-License-Identifier: Apache-2.0 */
/* Effects of the two calls whose argument is an array of GPUs. The guest chooses the length of the array. */
#include <errno.h>
#include <string.h>

#include "abi/nv-ioctl.h"
#include "cuse-server/proxy/effects/effects.h"

enum { CARDS_BYTES = NV_MAX_DEVICES * sizeof(nv_ioctl_card_info_t) };

/* Copy the instance's cards to @to, one behind the other, @room at most. Returns their number, which may be more than @room. */
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

/* Whether there may be GPUs in the argument that must be hidden. */
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
 * NV_ESC_CARD_INFO: give the driver more slots than the guest has. The driver needs a slot for each GPU of the host,
 * but the guest has slots only for the GPUs that it sees. The guest then gets the instance's GPUs in its own slots. The
 * slots that are left are zeroed, as the driver does.
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

/* NV_ESC_ATTACH_GPUS_TO_FD: replace the ids of GPUs that the instance may not see. 0 means no GPU. The driver does not write to
 * the array, so the guest's array stays as it is. */
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
