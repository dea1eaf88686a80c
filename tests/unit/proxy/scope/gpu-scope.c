/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GPU scoping against a driver with three GPUs, of which the instance has one: every rule of the
 * table at drivers of each series, generated from the table.
 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "abi/control/ctrl0000.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "tests/unit/proxy/scope/three-gpus.h"

/* --- every rule ------------------------------------------------------------------------------- */

static bool is_said_by_guest(AbiRoleKind role)
{
    return role <= ABI_ROLE_GPU_UUID_TO_REGISTER;
}

static void fill_guest(NvU8 *params, const AbiMember *place, int gpu)
{
    for (uint32_t i = 0; i < place->place.n; i++) {
        if (place->role->kind == ABI_ROLE_GPU_ID) {
            put(params, &place->place, i, ids[gpu]);
        } else if (place->role->kind == ABI_ROLE_GPU_DEVICE) {
            put(params, &place->place, i, instances[gpu]);
        } else if (is_said_by_guest(place->role->kind)) {
            memset(at(params, &place->place, i), uuids[gpu], 16);
        }
    }
}

static void check_hidden(const AbiEntry *entry, const AbiMember *place)
{
    for (uint32_t i = 0; i < place->place.n; i++) {
        const void *got = at(seen, &place->place, i);
        if (place->role->kind == ABI_ROLE_GPU_ID) {
            cr_assert_eq(get(seen, &place->place, i), GPU_SCOPE_NO_ID, "%s", entry->name);
        } else if (place->role->kind == ABI_ROLE_GPU_DEVICE) {
            cr_assert_eq(get(seen, &place->place, i), FREE_INSTANCE, "%s", entry->name);
        } else if (is_said_by_guest(place->role->kind)) {
            cr_assert_arr_eq(got, gpu_scope_no_uuid, 16, "%s", entry->name);
        }
    }
}

static void check_guest_rules(const AbiEntry *entry)
{
    g_autofree NvU8 *before = NULL;
    NvU8 *params = clean_params(entry->layout);

    FOR_EACH_GPU(p, target)
    {
        fill_guest(params, p, 0);
    }
    before = g_memdup2(params, entry->layout->size);
    answer_status = NV_ERR_INVALID_ARGUMENT;
    call_entry(entry);
    cr_assert_not(has_foreign(seen, entry->layout->size), "%s: a foreign id reached the driver",
                  entry->name);
    FOR_EACH_GPU(p, target)
    {
        check_hidden(entry, p);
    }
    cr_assert_arr_eq(fake_at(fake, PARAMS), before, entry->layout->size,
                     "%s: the guest's own is not as it was", entry->name);

    params = clean_params(entry->layout);
    FOR_EACH_GPU(p, target)
    {
        fill_guest(params, p, OURS);
    }
    call_entry(entry);
    FOR_EACH_GPU(p, target)
    {
        const AbiPlace *member = &p->place;
        if (is_said_by_guest(p->role->kind)) {
            cr_assert_arr_eq(at(seen, member, 0), at(fake_at(fake, PARAMS), member, 0),
                             member->size, "%s: our own was hidden", entry->name);
            cr_assert_neq(get(seen, member, 0), 0);
        }
    }
    answer_status = NV_OK;
}

static void say_place(NvU8 *params, const AbiMember *place)
{
    const AbiPlace *member = &place->place;

    switch (place->role->kind) {
    case ABI_ROLE_GPU_LIST:
        memset(params + member->offset, 0xff, (size_t)member->n * member->stride);
        for (uint32_t i = 0; i < GPUS; i++) {
            put(params, member, i, ids[i]);
            if (place->beside.n) {
                put(params, &place->beside, i, 7 + i);
            }
        }
        break;
    case ABI_ROLE_GPU_RECORD:
    case ABI_ROLE_GPU_GROUP:
        for (uint32_t i = 0; i < GPUS; i++) {
            put(params, member, i, ids[i]);
        }
        put(params, &place->beside, 0, GPUS);
        break;
    case ABI_ROLE_GPU_MASK:
        put(params, member, 0, 0x23);
        for (uint32_t i = 0; i < place->beside.n; i++) {
            put(params, &place->beside, i, 0x100 + i);
        }
        break;
    case ABI_ROLE_GPU_SAID_ID:
        put(params, member, 0, ids[2]);
        break;
    case ABI_ROLE_GPU_SAID_DEVICE:
        put(params, member, 0, instances[2]);
        break;
    case ABI_ROLE_GPU_FAILED_ID:
        put(params, member, 0, GPU_SCOPE_NO_ID);
        break;
    default: /* ABI_ROLE_GPU_LINK and the groups have a test of their own */
        break;
    }
}

static void say_all(NvU8 *params)
{
    FOR_EACH_GPU(p, target)
    {
        say_place(params, p);
    }
}

static void check_said(const AbiEntry *entry, const AbiMember *place)
{
    NvU8 *params = fake_at(fake, PARAMS);
    const AbiPlace *member = &place->place;

    switch (place->role->kind) {
    case ABI_ROLE_GPU_LIST:
        cr_assert_eq(get(params, member, 0), ids[OURS], "%s", entry->name);
        for (uint32_t i = 1; i < member->n; i++) {
            cr_assert_eq(get(params, member, i), NV0000_CTRL_GPU_INVALID_ID, "%s", entry->name);
        }
        for (uint32_t i = 0; i < place->beside.n; i++) {
            cr_assert_eq(get(params, &place->beside, i), i == 0 ? 7 + OURS : 0, "%s", entry->name);
        }
        break;
    case ABI_ROLE_GPU_RECORD:
        cr_assert_eq(get(params, member, 0), ids[OURS], "%s", entry->name);
        cr_assert_eq(get(params, member, 1), 0, "%s", entry->name);
        cr_assert_eq(get(params, &place->beside, 0), 1, "%s", entry->name);
        break;
    case ABI_ROLE_GPU_MASK:
        cr_assert_eq(get(params, member, 0), 1U << instances[OURS], "%s", entry->name);
        for (uint32_t i = 0; i < place->beside.n; i++) {
            cr_assert_eq(get(params, &place->beside, i), i == instances[OURS] ? 0x100 + i : 0);
        }
        break;
    case ABI_ROLE_GPU_SAID_ID:
        cr_assert_eq(get(params, member, 0), NV0000_CTRL_GPU_INVALID_ID, "%s", entry->name);
        break;
    case ABI_ROLE_GPU_SAID_DEVICE:
        cr_assert_eq(get(params, member, 0), UINT32_MAX, "%s", entry->name);
        break;
    case ABI_ROLE_GPU_FAILED_ID: /* the guest's second id, the first that is not ours */
        cr_assert_eq(get(params, member, 0), 0x4444, "%s", entry->name);
        break;
    default:
        break;
    }
}

static void check_said_rules(const AbiEntry *entry)
{
    NvU8 *params = clean_params(entry->layout);

    FOR_EACH_GPU(p, target)
    {
        if (p->role->kind == ABI_ROLE_GPU_FAILED_ID) {
            put(params, &p->beside, 0, ids[OURS]);
            put(params, &p->beside, 1, 0x4444);
            put(params, &p->beside, 2, NV0000_CTRL_GPU_INVALID_ID);
        }
    }
    say = say_all;
    call_entry(entry);
    say = NULL;
    cr_assert_not(has_foreign(fake_at(fake, PARAMS), entry->layout->size),
                  "%s: a foreign id reached the guest", entry->name);
    FOR_EACH_GPU(p, target)
    {
        check_said(entry, p);
    }
}

/* A call that fails changes nothing in the guest's memory. */
static void check_failure(const AbiEntry *entry)
{
    NvU8 *params = clean_params(entry->layout);
    g_autofree NvU8 *before = g_memdup2(params, entry->layout->size);

    answer_status = NV_ERR_INVALID_CLIENT;
    call_entry(entry);
    answer_status = NV_OK;
    if (entry->kind != ABI_UVM) {
        cr_assert_arr_eq(fake_at(fake, PARAMS), before, entry->layout->size, "%s", entry->name);
    }
}

static void check_wrong_size(const AbiEntry *entry)
{
    NvU8 *params = fake_at(fake, PARAMS);
    NvU32 size = entry->layout->size + 4;
    NVOS54_PARAMETERS control = {.hClient = client,
                                 .hObject = client,
                                 .cmd = entry->number,
                                 .params = PARAMS,
                                 .paramsSize = size};

    if (entry->handler != HANDLER_ctrl_simple) {
        return; /* the answer is EINVAL, which other tests check */
    }
    memset(params, PREFILL, size);
    answer_status = NV_ERR_INVALID_PARAM_STRUCT;
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_CONTROL, &control, sizeof control), 0);
    answer_status = NV_OK;
    cr_assert_eq(control.status, NV_ERR_INVALID_PARAM_STRUCT);
    cr_assert_eq(seen_size, size);
    for (NvU32 i = 0; i < size; i++) {
        cr_assert_eq(seen[i], 0, "%s: what cannot be scoped reached the driver", entry->name);
        cr_assert_eq(params[i], PREFILL, "%s", entry->name);
    }
}

static unsigned check_kind(AbiKind kind)
{
    size_t n;
    const AbiEntry *entries = driver_abi_entries(fake->abi, kind, &n);
    unsigned checked = 0;

    for (size_t e = 0; e < n; e++) {
        target = entries[e].members;
        if (!names_gpus(target)) {
            continue;
        }
        check_guest_rules(&entries[e]);
        check_said_rules(&entries[e]);
        check_failure(&entries[e]);
        if (kind == ABI_CONTROL) {
            check_wrong_size(&entries[e]);
        }
        cr_assert_eq(fake->n_open, 3, "%s: a host file was left open", entries[e].name);
        checked++;
    }
    return checked;
}

static void check_version(const char *version)
{
    start(version);
    unsigned controls = check_kind(ABI_CONTROL);
    unsigned uvm_calls = check_kind(ABI_UVM);
    unsigned classes = check_kind(ABI_ALLOC);
    cr_assert_geq(controls, 16, "%s: %u", version, controls);
    cr_assert_geq(uvm_calls, 14, "%s: %u", version, uvm_calls);
    cr_assert_geq(classes, 1, "%s: %u", version, classes);
    stop();
}

Test(gpu_scope, every_rule_at_535)
{
    check_version("535.309.01");
}

Test(gpu_scope, every_rule_at_550)
{
    check_version("550.90.07");
}

Test(gpu_scope, every_rule_at_570)
{
    check_version("570.195.03");
}

Test(gpu_scope, every_rule_at_580)
{
    check_version("580.105.08");
}

Test(gpu_scope, every_rule_at_590)
{
    check_version("590.48.01");
}

Test(gpu_scope, every_rule_at_620)
{
    check_version("620.06.00");
}
