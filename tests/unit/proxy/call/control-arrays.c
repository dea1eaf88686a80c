/* SPDX-License-Identifier: Apache-2.0 */
/* Control commands whose parameters point to arrays: bounds, copies, and the pointers themselves. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "abi/control/ctrl-debug.h"
#include "abi/control/ctrl-memory.h"
#include "abi/control/ctrl0000.h"
#include "abi/control/ctrl0080.h"
#include "abi/control/ctrl2080-bus.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "tests/unit/support/fake-host.h"

enum {
    BUS_GET_INFO = 0x20801802,
    GET_CLASSLIST = 0x800201,
    FB_GET_CAPS = 0x801301,
    GET_CHANNELLIST = 0x80170d,
    GET_P2P_CAPS = 0x127,
    EXPORT_TO_FD = 0x3d05,
    READ_MEMORY = 0x83de0315,
    PARAMS = GUEST_BASE + 0x1000,
    LIST = GUEST_BASE + 0x2000,
};

static Fake *fake;
static NvFile *ctl;
static uint8_t host_params[256];
static unsigned host_list_at;  /* where the struct's pointer is */
static size_t host_list_bytes; /* how much the host writes there */

/* The driver: it notes the parameters and adds one to each byte of the list. */
static int answer(Fake *f, uint32_t command, void *argument)
{
    NVOS54_PARAMETERS *outer = argument;
    uint8_t *params = (uint8_t *)(uintptr_t)outer->params;
    uint64_t list;

    (void)f;
    (void)command;
    memcpy(host_params, params, MIN(outer->paramsSize, sizeof host_params));
    memcpy(&list, params + host_list_at, sizeof list);
    for (size_t i = 0; list && i < host_list_bytes; i++) {
        ((uint8_t *)(uintptr_t)list)[i]++;
    }
    outer->status = NV_OK;
    return 0;
}

static void setup(void)
{
    fake = fake_new("535.309.01", NV_CAPS_SUPPORTED);
    ctl = fake_open(fake, FAKE_CTL, 3);
    fake->answer = answer;
    host_list_at = 8;
    host_list_bytes = 0;
    memset(fake_at(fake, LIST), 7, 0x2000);
}

static void teardown(void)
{
    fake_free(fake);
}

TestSuite(control_arrays, .init = setup, .fini = teardown);

static int control(NvV32 cmd, void *params, size_t size, NvU32 *status)
{
    NVOS54_PARAMETERS p = {.cmd = cmd, .params = PARAMS, .paramsSize = (NvU32)size, .status = 99};

    memcpy(fake_at(fake, PARAMS), params, size);
    int error = fake_frontend(fake, ctl, NV_ESC_RM_CONTROL, &p, sizeof p);
    memcpy(params, fake_at(fake, PARAMS), size);
    *status = p.status;
    return error;
}

static uint8_t list_byte(size_t i)
{
    return *(uint8_t *)fake_at(fake, LIST + i);
}

Test(control_arrays, a_list_goes_in_and_out_and_its_pointer_is_restored)
{
    NV2080_CTRL_BUS_GET_INFO_PARAMS p = {.busInfoListSize = 3, .busInfoList = LIST};
    NvU32 status;

    host_list_bytes = 24;
    cr_assert_eq(control(BUS_GET_INFO, &p, sizeof p, &status), 0);
    cr_assert_eq(status, NV_OK);
    cr_assert_eq(p.busInfoList, LIST);
    cr_assert_eq(list_byte(0), 8);
    cr_assert_eq(list_byte(23), 8);
    cr_assert_eq(list_byte(24), 7, "one byte too many");
    cr_assert_neq(((NV2080_CTRL_BUS_GET_INFO_PARAMS *)host_params)->busInfoList, LIST);
}

Test(control_arrays, bounds_are_a_status_before_the_host_is_asked)
{
    const NvU32 bad[] = {131073, UINT32_MAX, 0x20000001};
    NvU32 status;

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        NV2080_CTRL_BUS_GET_INFO_PARAMS p = {.busInfoListSize = bad[i], .busInfoList = LIST};
        cr_assert_eq(control(BUS_GET_INFO, &p, sizeof p, &status), 0);
        cr_assert_eq(status, NV_ERR_INVALID_ARGUMENT);
        cr_assert_eq(p.busInfoList, LIST);
    }
    cr_assert_eq(fake->n_calls, 0);
}

Test(control_arrays, the_structs_size_is_checked)
{
    NV2080_CTRL_BUS_GET_INFO_PARAMS p[2] = {{.busInfoListSize = 1, .busInfoList = LIST}};
    NvU32 status;

    cr_assert_eq(control(BUS_GET_INFO, p, sizeof p[0] - 1, &status), EINVAL);
    cr_assert_eq(control(BUS_GET_INFO, p, sizeof p[0] + 1, &status), EINVAL);
    cr_assert_eq(fake->n_calls, 0);
}

Test(control_arrays, empty_and_null_by_the_rules_of_each_kind)
{
    NV2080_CTRL_BUS_GET_INFO_PARAMS info = {.busInfoListSize = 0, .busInfoList = LIST};
    NV0080_CTRL_GPU_GET_CLASSLIST_PARAMS classes = {.numClasses = UINT32_MAX};
    NV0080_CTRL_GPU_GET_CLASSLIST_PARAMS none = {.numClasses = 0, .classList = LIST};
    NvU32 status;

    cr_assert_eq(control(BUS_GET_INFO, &info, sizeof info, &status), 0);
    cr_assert_eq(((NV2080_CTRL_BUS_GET_INFO_PARAMS *)host_params)->busInfoList, 0);
    cr_assert_eq(info.busInfoList, LIST);
    cr_assert_eq(control(GET_CLASSLIST, &classes, sizeof classes, &status), 0);
    cr_assert_eq(status, NV_OK, "a null list asks for the count alone");
    cr_assert_eq(control(GET_CLASSLIST, &none, sizeof none, &status), 0);
    cr_assert_eq(status, NV_ERR_INVALID_ARGUMENT);
    cr_assert_eq(fake->n_calls, 2);

    info = (NV2080_CTRL_BUS_GET_INFO_PARAMS){.busInfoListSize = 1};
    cr_assert_eq(control(BUS_GET_INFO, &info, sizeof info, &status), EFAULT);
}

Test(control_arrays, output_is_zeroed_and_never_read)
{
    NV0080_CTRL_FB_GET_CAPS_PARAMS p = {.capsTblSize = 16, .capsTbl = LIST};
    NvU32 status;

    host_list_bytes = 4;
    cr_assert_eq(control(FB_GET_CAPS, &p, sizeof p, &status), 0);
    cr_assert_eq(list_byte(0), 1, "zero and one, not seven and one");
    cr_assert_eq(list_byte(15), 0);
    cr_assert_eq(list_byte(16), 7);
}

Test(control_arrays, two_lists_and_an_errno)
{
    NV0080_CTRL_FIFO_GET_CHANNELLIST_PARAMS p = {
        .numChannels = 2, .pChannelHandleList = LIST, .pChannelList = LIST + 0x100};
    NvU32 status;

    host_list_at = 16;
    host_list_bytes = 8;
    cr_assert_eq(control(GET_CHANNELLIST, &p, sizeof p, &status), 0);
    cr_assert_eq(list_byte(0), 7);
    cr_assert_eq(list_byte(0x100), 8);
    cr_assert_eq(p.pChannelList, LIST + 0x100);
    p.numChannels = 0;
    cr_assert_eq(control(GET_CHANNELLIST, &p, sizeof p, &status), EINVAL);
}

Test(control_arrays, a_square_of_gpus)
{
    NV0000_CTRL_SYSTEM_GET_P2P_CAPS_PARAMS p = {.gpuCount = 3, .busPeerIds = LIST};
    NvU32 status;

    host_list_at = offsetof(NV0000_CTRL_SYSTEM_GET_P2P_CAPS_PARAMS, busPeerIds);
    host_list_bytes = 36;
    cr_assert_eq(control(GET_P2P_CAPS, &p, sizeof p, &status), 0);
    cr_assert_eq(list_byte(35), 1);
    cr_assert_eq(list_byte(36), 7);
    /* 2^16 squared times 4 is 2^34; in 32 bits it would be 0. */
    for (NvU32 count = 513; count != 0; count = count == 513 ? 65536 : 0) {
        p.gpuCount = count;
        cr_assert_eq(control(GET_P2P_CAPS, &p, sizeof p, &status), 0);
        cr_assert_eq(status, NV_ERR_INVALID_ARGUMENT);
    }
    cr_assert_eq(fake->n_calls, 1);
}

Test(control_arrays, debug_reads_are_bounded)
{
    NV83DE_CTRL_DEBUG_READ_MEMORY_PARAMS p = {.length = 4 * 1024 * 1024 - 4095, .buffer = LIST};
    NvU32 status;

    cr_assert_eq(control(READ_MEMORY, &p, sizeof p, &status), 0);
    cr_assert_eq(status, NV_ERR_INVALID_ARGUMENT);
    cr_assert_eq(fake->n_calls, 0);
}

Test(control_arrays, a_descriptor_is_translated_and_restored)
{
    NV0000_CTRL_OS_UNIX_EXPORT_OBJECT_TO_FD_PARAMS p = {.fd = 3};
    const GuestProcess process = {FAKE_PROCESS, 1000};
    NvU32 status;

    cr_assert_eq(control(EXPORT_TO_FD, &p, sizeof p, &status), 0);
    cr_assert_eq(status, NV_ERR_INVALID_CLIENT, "the client is not recorded");
    cr_assert_eq(fake->n_calls, 0);
    object_tree_add_client(fake->proxy.objects, 0, ctl->id, &process); /* control() names it 0 */
    cr_assert_eq(control(EXPORT_TO_FD, &p, sizeof p, &status), 0);
    cr_assert_eq(((NV0000_CTRL_OS_UNIX_EXPORT_OBJECT_TO_FD_PARAMS *)host_params)->fd, ctl->fd);
    cr_assert_eq(p.fd, 3);
    p.fd = 77;
    cr_assert_eq(control(EXPORT_TO_FD, &p, sizeof p, &status), EINVAL);
    cr_assert_eq(fake->n_calls, 1);
}
