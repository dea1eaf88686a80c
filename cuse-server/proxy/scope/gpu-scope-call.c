/* SPDX-License-Identifier: Apache-2.0 */
/* Scopes a call's parameters: handles each member whose role in the table concerns GPUs. */
#include "cuse-server/proxy/scope/gpu-scope-call.h"

#include <string.h>

#include "abi/control/ctrl0000.h"
#include "abi/control/ctrl2080-bus.h"
#include "cuse-server/proxy/proxy.h"

/* As the first element of NV0000_CTRL_GPU_ATTACH_IDS_PARAMS.gpuIds and similar lists: all GPUs. The driver then
 * does not read the rest of the list (src/nvidia/src/kernel/rmapi/client_resource.c,
 * cliresCtrlCmdGpuAttachIds_IMPL). The libraries have opened the nodes already. */
#define ATTACH_ALL_PROBED_IDS 0x0000ffffU
#define INVALID_INSTANCE      0xffffffffU
#define INSTANCES             32

/* NV2080_CTRL_NVLINK_DEVICE_INFO.deviceType. */
#define NVLINK_DEVICE_TYPE_GPU  2
#define NVLINK_DEVICE_TYPE_NONE 0xff

static void *element(void *params, const AbiPlace *place, uint32_t i)
{
    return (char *)params + place->offset + (size_t)i * place->stride + place->within;
}

static NvU32 get_u32(void *params, const AbiPlace *place, uint32_t i)
{
    NvU32 value;

    memcpy(&value, element(params, place, i), sizeof value);
    return value;
}

static void put_u32(void *params, const AbiPlace *place, uint32_t i, NvU32 value)
{
    memcpy(element(params, place, i), &value, sizeof value);
}

/* --- what the guest says ---------------------------------------------------------------------- */

static void hide_ids(const GpuScopeCall *call, const AbiPlace *place)
{
    for (uint32_t i = 0; i < place->n; i++) {
        NvU32 id = get_u32(call->params, place, i);
        bool special = id == NV0000_CTRL_GPU_INVALID_ID ||
                       (i == 0 && place->n > 1 && id == ATTACH_ALL_PROBED_IDS);
        if (!special && !gpu_scope_has_id(call->scope, id)) {
            put_u32(call->params, place, i, GPU_SCOPE_NO_ID);
        }
    }
}

static void hide_device(GpuScopeCall *call, const AbiPlace *place)
{
    NvU32 instance = get_u32(call->params, place, 0);

    if (instance < INSTANCES) { /* the driver does not use higher ones */
        call->held = gpu_scope_hold(call->scope, instance, &call->gpu);
        if (call->held < 0) {
            put_u32(call->params, place, 0, gpu_scope_free_instance(call->scope));
        }
    }
}

static void hide_uuids(const GpuScopeCall *call, const AbiPlace *place, bool only_ours)
{
    static const NvU8 none[sizeof gpu_scope_no_uuid];

    for (uint32_t i = 0; i < place->n; i++) {
        void *uuid = element(call->params, place, i);
        /* Arrays of UUIDs are long, and their unused elements are zero. */
        if (memcmp(uuid, none, sizeof none) == 0 || gpu_scope_has_uuid(call->scope, uuid)) {
            continue;
        }
        if (only_ours || gpu_scope_is_foreign_uuid(call->scope, uuid)) {
            memcpy(uuid, gpu_scope_no_uuid, sizeof gpu_scope_no_uuid);
        }
    }
}

static void hide(GpuScopeCall *call, const AbiMember *member)
{
    switch (member->role->kind) {
    case ABI_ROLE_GPU_ID:
        hide_ids(call, &member->place);
        break;
    case ABI_ROLE_GPU_DEVICE:
        hide_device(call, &member->place);
        break;
    case ABI_ROLE_GPU_UUID:
        hide_uuids(call, &member->place, false);
        break;
    case ABI_ROLE_GPU_UUID_TO_REGISTER:
        hide_uuids(call, &member->place, true);
        break;
    default:
        break;
    }
}

/* --- what the driver says --------------------------------------------------------------------- */

/* Put the guest's own value back where @replacement still is. Elements that were not replaced may hold the driver's
 * answer, and stay. */
static void restore(const GpuScopeCall *call, const AbiPlace *place, const void *replacement)
{
    for (uint32_t i = 0; i < place->n; i++) {
        if (memcmp(element(call->params, place, i), replacement, place->size) == 0) {
            memcpy(element(call->params, place, i), element(call->guest, place, i), place->size);
        }
    }
}

/* Put the guest's own id back as the id that the call failed for. The driver stops at the first id that it does not
 * know, so this is the first id that is not ours. */
static void restore_failed_id(const GpuScopeCall *call, const AbiMember *member)
{
    if (get_u32(call->params, &member->place, 0) != GPU_SCOPE_NO_ID) {
        return;
    }
    for (uint32_t i = 0; i < member->beside.n; i++) {
        NvU32 id = get_u32(call->guest, &member->beside, i);
        if (!gpu_scope_has_id(call->scope, id)) {
            put_u32(call->params, &member->place, 0, id);
            return;
        }
    }
}

/* Move one element down to its place in the shorter list. */
static void move_element(void *params, const AbiPlace *place, uint32_t to, uint32_t from)
{
    if (to != from) {
        char *first = (char *)params + place->offset;
        memmove(first + (size_t)to * place->stride, first + (size_t)from * place->stride,
                place->stride);
    }
}

static void fill_elements(void *params, const AbiPlace *place, uint32_t from, int value)
{
    if (from < place->n) {
        memset((char *)params + place->offset + (size_t)from * place->stride, value,
               (size_t)(place->n - from) * place->stride);
    }
}

static void strip_list(const GpuScopeCall *call, const AbiMember *member)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < member->place.n; i++) {
        if (gpu_scope_has_id(call->scope, get_u32(call->params, &member->place, i))) {
            move_element(call->params, &member->place, kept, i);
            if (member->beside.n) {
                move_element(call->params, &member->beside, kept, i);
            }
            kept++;
        }
    }
    G_STATIC_ASSERT(NV0000_CTRL_GPU_INVALID_ID == UINT32_MAX);
    fill_elements(call->params, &member->place, kept, 0xff);
    fill_elements(call->params, &member->beside, kept, 0);
}

static void strip_records(const GpuScopeCall *call, const AbiMember *member)
{
    uint32_t n = MIN(get_u32(call->params, &member->beside, 0), member->place.n);
    uint32_t kept = 0;

    for (uint32_t i = 0; i < n; i++) {
        if (gpu_scope_has_id(call->scope, get_u32(call->params, &member->place, i))) {
            move_element(call->params, &member->place, kept++, i);
        }
    }
    fill_elements(call->params, &member->place, kept, 0);
    put_u32(call->params, &member->beside, 0, kept);
}

/* Remove all GPUs but ours from a group. Returns how many are left. */
static NvU32 strip_group(const GpuScopeCall *call, NV0000_SYNC_GPU_BOOST_GROUP_CONFIG *group)
{
    uint32_t n = MIN(group->gpuCount, G_N_ELEMENTS(group->gpuIds));
    uint32_t kept = 0;

    for (uint32_t i = 0; i < n; i++) {
        if (gpu_scope_has_id(call->scope, group->gpuIds[i])) {
            group->gpuIds[kept++] = group->gpuIds[i];
        }
    }
    memset(&group->gpuIds[kept], 0, (G_N_ELEMENTS(group->gpuIds) - kept) * sizeof(NvU32));
    group->gpuCount = kept;
    return kept;
}

/* Remove all GPUs but ours from the groups, and remove groups that are then empty. The driver does not write behind the
 * last group, so the elements there get the guest's bytes back. */
static void strip_groups(const GpuScopeCall *call, const AbiMember *member)
{
    uint32_t n = MIN(get_u32(call->params, &member->beside, 0), member->place.n);
    uint32_t kept = 0;

    for (uint32_t i = 0; i < n; i++) {
        NV0000_SYNC_GPU_BOOST_GROUP_CONFIG group;
        char *at = (char *)call->params + member->place.offset + (size_t)i * member->place.stride;
        memcpy(&group, at, sizeof group);
        if (strip_group(call, &group) > 0) {
            memcpy(at, &group, sizeof group);
            move_element(call->params, &member->place, kept++, i);
        }
    }
    size_t rest = member->place.offset + (size_t)kept * member->place.stride;
    memcpy((char *)call->params + rest, (char *)call->guest + rest,
           (size_t)(member->place.n - kept) * member->place.stride);
    put_u32(call->params, &member->beside, 0, kept);
}

static void strip_mask(const GpuScopeCall *call, const AbiMember *member)
{
    NvU32 ours = gpu_scope_instances(call->scope);

    put_u32(call->params, &member->place, 0, get_u32(call->params, &member->place, 0) & ours);
    for (uint32_t i = 0; i < member->beside.n; i++) {
        if (i >= INSTANCES || !(ours & (1U << i))) {
            put_u32(call->params, &member->beside, i, 0);
        }
    }
}

static void strip_instance(const GpuScopeCall *call, const AbiPlace *place)
{
    NvU32 instance = get_u32(call->params, place, 0);

    if (instance < INSTANCES && !(gpu_scope_instances(call->scope) & (1U << instance))) {
        put_u32(call->params, place, 0, INVALID_INSTANCE);
    }
}

static void strip_id(const GpuScopeCall *call, const AbiPlace *place)
{
    if (!gpu_scope_has_id(call->scope, get_u32(call->params, place, 0))) {
        put_u32(call->params, place, 0, NV0000_CTRL_GPU_INVALID_ID);
    }
}

/* Show a link to a GPU that is not ours as a link to nothing. Links to switches and bridges stay. */
static void strip_links(const GpuScopeCall *call, const AbiPlace *place)
{
    for (uint32_t i = 0; i < place->n; i++) {
        NV2080_CTRL_NVLINK_DEVICE_INFO remote; /* later shapes begin like this one */
        memcpy(&remote, element(call->params, place, i), sizeof remote);
        if (remote.deviceType != NVLINK_DEVICE_TYPE_GPU ||
            gpu_scope_has_address(call->scope, remote.domain, remote.bus, remote.device)) {
            continue;
        }
        remote = (NV2080_CTRL_NVLINK_DEVICE_INFO){.deviceType = NVLINK_DEVICE_TYPE_NONE};
        memset(element(call->params, place, i), 0, place->size);
        memcpy(element(call->params, place, i), &remote, sizeof remote);
        ABI_FOR_EACH_MEMBER(rest, call->members, ABI_ROLE_GPU_LINK_REST)
        {
            memset(element(call->params, &rest->place, i), rest->role->byte, rest->place.size);
        }
    }
}

static void strip(const GpuScopeCall *call, const AbiMember *member)
{
    switch (member->role->kind) {
    case ABI_ROLE_GPU_LIST:
        strip_list(call, member);
        break;
    case ABI_ROLE_GPU_RECORD:
        strip_records(call, member);
        break;
    case ABI_ROLE_GPU_GROUP:
        strip_groups(call, member);
        break;
    case ABI_ROLE_GPU_MASK:
        strip_mask(call, member);
        break;
    case ABI_ROLE_GPU_SAID_ID:
        strip_id(call, &member->place);
        break;
    case ABI_ROLE_GPU_SAID_DEVICE:
        strip_instance(call, &member->place);
        break;
    case ABI_ROLE_GPU_LINK:
        strip_links(call, &member->place);
        break;
    default:
        break;
    }
}

static void give_back(const GpuScopeCall *call, const AbiMember *member)
{
    NvU32 no_id = GPU_SCOPE_NO_ID;

    switch (member->role->kind) {
    case ABI_ROLE_GPU_ID:
        restore(call, &member->place, &no_id);
        break;
    case ABI_ROLE_GPU_UUID:
    case ABI_ROLE_GPU_UUID_TO_REGISTER:
        restore(call, &member->place, gpu_scope_no_uuid);
        break;
    case ABI_ROLE_GPU_DEVICE:
        memcpy(element(call->params, &member->place, 0), element(call->guest, &member->place, 0),
               member->place.size);
        break;
    case ABI_ROLE_GPU_FAILED_ID:
        restore_failed_id(call, member);
        break;
    default:
        break;
    }
}

/* --- a call ----------------------------------------------------------------------------------- */

#define FOR_EACH_PLACE(MEMBER, MEMBERS) \
    ABI_FOR_EACH_MEMBER_OF(MEMBER, MEMBERS, ABI_ROLE_GPU_ID, N_ABI_ROLES)

void gpu_scope_none(GpuScopeCall *call)
{
    *call = (GpuScopeCall){.gpu = NO_GPU, .held = -1};
}

bool gpu_scope_before(GpuScopeCall *call, Request *req, const AbiMembers *members, void *params,
                      size_t size)
{
    GpuScope *scope = req->proxy->scope;
    /* Without parameters, the driver allocates a device on instance 0 (src/nvidia/src/kernel/gpu/device.c). Explicit
     * parameters with instance 0 then take their place. */
    const bool by_default = !params && abi_members_have(members, ABI_ROLE_GPU_DEVICE);

    gpu_scope_none(call);
    call->scope = scope;
    call->members = members;
    call->params = params;
    if ((!params && !by_default) ||
        members->begin[ABI_ROLE_GPU_ID] == members->begin[N_ABI_ROLES]) {
        return true;
    }
    int error = gpu_scope_prepare(scope);
    if (error) {
        request_refuse(req, error, REFUSAL_NONE);
        return false;
    }
    if (params && size != members->layout->size) {
        call->params = call->scratch = g_malloc0(size);
        return true;
    }
    if (by_default) {
        call->params = call->scratch = g_malloc0(members->layout->size);
    }
    call->guest = g_memdup2(call->params, members->layout->size);
    FOR_EACH_PLACE(member, members)
    {
        hide(call, member);
    }
    if (by_default && call->held >= 0) {
        call->params = NULL; /* instance 0 is ours: let the driver use its default */
    }
    return true;
}

/* Check whether the driver has written to a member. A call that failed normally does not write anything. What it
 * wrote all the same is stripped like an answer. */
static bool has_changed(const GpuScopeCall *call, const AbiPlace *place)
{
    return memcmp((char *)call->params + place->offset, (char *)call->guest + place->offset,
                  (size_t)place->n * place->stride) != 0;
}

void gpu_scope_after(GpuScopeCall *call, bool ok)
{
    if (call->guest && call->params) {
        FOR_EACH_PLACE(member, call->members)
        {
            give_back(call, member);
        }
        FOR_EACH_PLACE(member, call->members)
        {
            if (ok || has_changed(call, &member->place)) {
                strip(call, member);
            }
        }
    }
    if (call->held >= 0) {
        gpu_scope_release(call->scope, call->held);
    }
    g_free(call->guest);
    g_free(call->scratch);
}
