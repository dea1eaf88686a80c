/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <criterion/criterion.h>

#include "abi/class.h"
#include "abi/control/ctrl0000.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "tests/unit/proxy/scope/three-gpus.h"

const NvU32 ids[GPUS] = {0x5a5a0300, 0x5b5b0100, 0x5c5c0200};
static const NvU32 minors[GPUS] = {2, 0, 1};
const NvU32 instances[GPUS] = {0, 5, 1};
const NvU8 uuids[GPUS] = {0xa1, 0xb2, 0xc3};

Fake *fake;
NvFile *ctl;
static NvFile *uvm;
NvHandle client;
static unsigned n_clients;
unsigned asked;
unsigned n_open_in_call;
NvU8 *seen;
NvU32 seen_size;
NvU32 answer_status;
const AbiMembers *target;
void (*say)(NvU8 *params);

const AbiMember *first_of(const AbiMembers *members)
{
    return &members->all[members->begin[ABI_ROLE_GPU_ID]];
}

bool names_gpus(const AbiMembers *members)
{
    return members->begin[ABI_ROLE_GPU_ID] < members->begin[N_ABI_ROLES];
}

void put(void *params, const AbiPlace *member, uint32_t i, NvU32 value)
{
    memcpy((char *)params + member->offset + (size_t)i * member->stride + member->within, &value,
           sizeof value);
}

NvU32 get(const void *params, const AbiPlace *member, uint32_t i)
{
    NvU32 value;

    memcpy(&value,
           (const char *)params + member->offset + (size_t)i * member->stride + member->within,
           sizeof value);
    return value;
}

void *at(void *params, const AbiPlace *member, uint32_t i)
{
    return (char *)params + member->offset + (size_t)i * member->stride + member->within;
}

/* --- the driver ------------------------------------------------------------------------------- */

static int find(NvU32 id)
{
    for (int i = 0; i < GPUS; i++) {
        if (ids[i] == id) {
            return i;
        }
    }
    return -1;
}

static int card_info(nv_ioctl_card_info_t *cards, size_t size)
{
    if (size / sizeof *cards < GPUS) {
        return EINVAL;
    }
    memset(cards, 0, size);
    for (unsigned i = 0; i < GPUS; i++) {
        cards[i] = (nv_ioctl_card_info_t){
            .valid = 1, .gpu_id = ids[i], .minor_number = minors[i], .pci_info.bus = (NvU8)(i + 1)};
    }
    return 0;
}

/* Answer a control that the proxy makes for itself. */
static void own_control(NVOS54_PARAMETERS *control)
{
    void *params = (void *)(uintptr_t)control->params;
    int gpu = find(*(NvU32 *)params);

    asked++;
    control->status = NV_OK;
    if (control->cmd == NV0000_CTRL_CMD_GPU_GET_DEVICE_IDS) {
        ((NV0000_CTRL_GPU_GET_DEVICE_IDS_PARAMS *)params)->deviceIds = 0x23;
    } else if (gpu < 0) {
        control->status = NV_ERR_INVALID_ARGUMENT;
    } else if (control->cmd == NV0000_CTRL_CMD_GPU_GET_ID_INFO_V2) {
        ((NV0000_CTRL_GPU_GET_ID_INFO_V2_PARAMS *)params)->deviceInstance = instances[gpu];
    } else if (control->cmd == NV0000_CTRL_CMD_GPU_GET_UUID_FROM_GPU_ID) {
        NV0000_CTRL_GPU_GET_UUID_FROM_GPU_ID_PARAMS *uuid = params;
        memset(uuid->gpuUuid, uuids[gpu], 16);
        uuid->uuidStrLen = 16;
    } else {
        cr_assert_fail("asked 0x%x", control->cmd);
    }
}

static NvU32 target_call(void *params, NvU32 size)
{
    g_free(seen);
    seen = params ? g_memdup2(params, size) : NULL;
    seen_size = size;
    n_open_in_call = fake->n_open;
    if (say && params) {
        say(params);
    }
    return answer_status;
}

int answer(Fake *f, uint32_t command, void *argument)
{
    (void)f;
    if (_IOC_TYPE(command) != 'F') { /* UVM; its status is near the end */
        target_call(argument, target->layout->size);
        return 0;
    }
    switch (_IOC_NR(command)) {
    case NV_ESC_CARD_INFO:
        return card_info(argument, _IOC_SIZE(command));
    case NV_ESC_ATTACH_GPUS_TO_FD:
        target_call(argument, _IOC_SIZE(command));
        return 0;
    case NV_ESC_RM_ALLOC: {
        NVOS64_PARAMETERS *alloc = argument;
        if (alloc->hClass == NV01_ROOT_CLIENT) {
            alloc->hObjectNew = 0xc1d00000 + n_clients++;
            alloc->status = NV_OK;
        } else {
            alloc->status = target_call((void *)(uintptr_t)alloc->pAllocParms,
                                        target->layout ? target->layout->size : 0);
        }
        return 0;
    }
    case NV_ESC_RM_CONTROL: {
        NVOS54_PARAMETERS *control = argument;
        if (control->hClient == client) {
            control->status = target_call((void *)(uintptr_t)control->params, control->paramsSize);
        } else {
            own_control(control);
        }
        return 0;
    }
    default:
        cr_assert_fail("call %u", _IOC_NR(command));
        return EINVAL;
    }
}

/* --- the guest -------------------------------------------------------------------------------- */

void start(const char *version)
{
    NVOS64_PARAMETERS root = {.hClass = NV01_ROOT_CLIENT};

    fake = fake_new(version, ~(NvCaps)0);
    fake->answer = answer;
    proxy_scope_gpus(&fake->proxy);
    ctl = fake_open(fake, FAKE_CTL, 3);
    uvm = fake_open(fake, FAKE_UVM, 4);
    n_clients = 0;
    asked = 0;
    say = NULL;
    answer_status = NV_OK;
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_ALLOC, &root, sizeof root), 0);
    client = root.hObjectNew;
}

void stop(void)
{
    fake_free(fake);
    g_clear_pointer(&seen, g_free);
}

void call_entry(const AbiEntry *entry)
{
    NVOS54_PARAMETERS control = {.hClient = client,
                                 .hObject = client,
                                 .cmd = entry->number,
                                 .params = PARAMS,
                                 .paramsSize = entry->layout->size};
    NVOS64_PARAMETERS alloc = {.hRoot = client,
                               .hObjectParent = client,
                               .hObjectNew = 0x77,
                               .hClass = entry->number,
                               .pAllocParms = PARAMS};
    int error = 0;

    switch (entry->kind) {
    case ABI_CONTROL:
        error = fake_frontend(fake, ctl, NV_ESC_RM_CONTROL, &control, sizeof control);
        break;
    case ABI_ALLOC:
        error = fake_frontend(fake, ctl, NV_ESC_RM_ALLOC, &alloc, sizeof alloc);
        break;
    case ABI_UVM:
        error = fake_ioctl(fake, uvm, entry->number, PARAMS);
        break;
    default:
        cr_assert_fail("%s", entry->name);
    }
    cr_assert_eq(error, 0, "%s: %d", entry->name, error);
    cr_assert_not_null(seen, "%s did not reach the driver", entry->name);
}

NvU8 *clean_params(const AbiLayout *layout)
{
    NvU8 *params = fake_at(fake, PARAMS);

    memset(params, 0, layout->size);
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        if (strcmp(layout->fields[i].name, "fd") == 0 ||
            strcmp(layout->fields[i].name, "rmCtrlFd") == 0) {
            memcpy(params + layout->fields[i].offset, &(int){3}, sizeof(int));
        } else if (strcmp(layout->fields[i].name, "hClient") == 0) {
            memcpy(params + layout->fields[i].offset, &client, sizeof client);
        }
    }
    return params;
}

bool has_foreign(const void *params, size_t size)
{
    for (int gpu = 0; gpu < GPUS; gpu++) {
        NvU8 uuid[16];
        memset(uuid, uuids[gpu], sizeof uuid);
        if (gpu != OURS && (memmem(params, size, &ids[gpu], sizeof ids[gpu]) ||
                            memmem(params, size, uuid, sizeof uuid))) {
            return true;
        }
    }
    return false;
}
