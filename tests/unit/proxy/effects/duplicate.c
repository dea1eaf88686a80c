/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that share and duplicate objects, and that idle channels: whose objects reach the host. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "abi/class.h"
#include "abi/nv-ioctl.h"
#include "abi/status.h"
#include "tests/unit/proxy/effects/memory-calls.h"

static NVOS55_PARAMETERS dup_of(NvHandle from, NvHandle source)
{
    return (NVOS55_PARAMETERS){.hClient = OTHER,
                               .hParent = OTHER,
                               .hObject = COPY,
                               .hClientSrc = from,
                               .hObjectSrc = source};
}

static NvU32 duplicate(NVOS55_PARAMETERS p)
{
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_DUP_OBJECT, &p, sizeof p), 0);
    return p.status;
}

static void share(NvHandle object, NvU16 type, NvU8 action)
{
    NVOS57_PARAMETERS p = {.hClient = CLIENT,
                           .hObject = object,
                           .sharePolicy = {.target = OTHER,
                                           .type = type,
                                           .action = action,
                                           .accessMask = {{1U << RS_ACCESS_DUP_OBJECT}}}};

    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_SHARE, &p, sizeof p), 0);
}

Test(memory, another_process_duplicates_only_what_is_shared_with_it)
{
    cr_assert_eq(duplicate(dup_of(CLIENT, DEVICE)), NV_ERR_INSUFFICIENT_PERMISSIONS);
    cr_assert_eq(duplicate(dup_of(CLIENT, MEMORY)), NV_ERR_OBJECT_NOT_FOUND);
    cr_assert_eq(duplicate(dup_of(0xc1d00099, DEVICE)), NV_ERR_INVALID_CLIENT);
    cr_assert_eq(fake->n_calls, 0);
    share(DEVICE, RS_SHARE_TYPE_PID, 0);
    cr_assert_eq(duplicate(dup_of(CLIENT, DEVICE)), NV_ERR_INSUFFICIENT_PERMISSIONS);
    share(DEVICE, RS_SHARE_TYPE_OS_SECURITY_TOKEN, 0);
    cr_assert_eq(duplicate(dup_of(CLIENT, DEVICE)), NV_ERR_INSUFFICIENT_PERMISSIONS);
    share(DEVICE, RS_SHARE_TYPE_CLIENT, 0);
    cr_assert_eq(duplicate(dup_of(CLIENT, DEVICE)), NV_OK);
    cr_assert_eq(class_of(OTHER, COPY), NV01_DEVICE_0);
    share(DEVICE, RS_SHARE_TYPE_ALL, RS_SHARE_ACTION_FLAG_COMPOSE | RS_SHARE_ACTION_FLAG_REVOKE);
    cr_assert_eq(duplicate(dup_of(CLIENT, DEVICE)), NV_ERR_INSUFFICIENT_PERMISSIONS);
    share(DEVICE, RS_SHARE_TYPE_ALL, 0);
    cr_assert_eq(duplicate(dup_of(CLIENT, DEVICE)), NV_OK);
}

Test(memory, a_policy_that_the_driver_refused_counts_for_nothing)
{
    next_status = NV_ERR_INVALID_ARGUMENT;
    share(DEVICE, RS_SHARE_TYPE_ALL, 0);
    cr_assert_eq(duplicate(dup_of(CLIENT, DEVICE)), NV_ERR_INSUFFICIENT_PERMISSIONS);
    next_status = NV_OK;
    share(CLIENT, RS_SHARE_TYPE_ALL, 0);
    cr_assert_eq(duplicate(dup_of(CLIENT, DEVICE)), NV_OK, "inherited from the client");
}

Test(memory, a_process_duplicates_within_its_own_clients)
{
    NVOS55_PARAMETERS p = dup_of(CLIENT, DEVICE);

    p.hClient = CLIENT;
    cr_assert_eq(duplicate(p), NV_OK);
    cr_assert_eq(class_of(CLIENT, COPY), NV01_DEVICE_0);
}

Test(memory, idle_channels_carries_three_lists)
{
    static const NvHandle lists[3][2] = {{CLIENT, 0xc1d00099}, {3, 4}, {5, 6}};
    NVOS30_PARAMETERS p = {.hClient = CLIENT,
                           .numChannels = 2,
                           .phClients = LIST,
                           .phDevices = LIST + 8,
                           .phChannels = LIST + 16};

    memcpy(fake_at(fake, LIST), lists, sizeof lists);
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_IDLE_CHANNELS, &p, sizeof p), 0);
    cr_assert_eq(host_lists[0][0], CLIENT);
    cr_assert_eq(host_lists[0][1], 1, "a client of another instance's reached the host");
    cr_assert_arr_eq(host_lists[1], lists[1], sizeof lists[1]);
    cr_assert_arr_eq(host_lists[2], lists[2], sizeof lists[2]);
    cr_assert_arr_eq(fake_at(fake, LIST), lists, sizeof lists);
    cr_assert(p.phClients == LIST && p.phDevices == LIST + 8 && p.phChannels == LIST + 16);
    p.numChannels = 1024 * 1024 / 4 + 1;
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_IDLE_CHANNELS, &p, sizeof p), EINVAL);
    cr_assert_eq(fake->n_calls, 1);
    p.numChannels = 0;
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_IDLE_CHANNELS, &p, sizeof p), 0);
    NVOS30_PARAMETERS host;
    memcpy(&host, fake->last.argument, sizeof host);
    cr_assert(!host.phClients && !host.phDevices && !host.phChannels);
}
