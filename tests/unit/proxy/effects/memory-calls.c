/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "abi/class.h"
#include "abi/nv-ioctl.h"
#include "abi/status.h"
#include "tests/unit/proxy/effects/memory-calls.h"

Fake *fake;
NvFile *ctl;
NvFile *gpu;
NvU32 next_status;
NvU64 host_word;
NvHandle host_lists[3][2];

static void answer_status(uint32_t nr, void *argument)
{
    switch (nr) {
    case NV_ESC_RM_ALLOC_MEMORY:
        ((nv_ioctl_nvos02_parameters_with_fd *)argument)->params.status = next_status;
        break;
    case NV_ESC_RM_MAP_MEMORY: {
        nv_ioctl_nvos33_parameters_with_fd *p = argument;
        p->params.pLinearAddress = 0x80000800;
        p->params.status = next_status;
        break;
    }
    case NV_ESC_RM_VID_HEAP_CONTROL: {
        NVOS32_PARAMETERS *p = argument;
        p->data.AllocSize.hMemory = MEMORY;
        p->status = next_status;
        if (p->data.AllocSize.address) {
            NvU64 *word = (NvU64 *)(uintptr_t)p->data.AllocSize.address;
            host_word = *word;
            *word = 0x99;
        }
        break;
    }
    case NV_ESC_RM_DUP_OBJECT:
        ((NVOS55_PARAMETERS *)argument)->status = next_status;
        break;
    case NV_ESC_RM_SHARE:
        ((NVOS57_PARAMETERS *)argument)->status = next_status;
        break;
    case NV_ESC_RM_ALLOC_CONTEXT_DMA2:
        ((NVOS39_PARAMETERS *)argument)->status = next_status;
        break;
    case NV_ESC_RM_IDLE_CHANNELS: {
        const NVOS30_PARAMETERS *p = argument;
        const NvP64 lists[] = {p->phClients, p->phDevices, p->phChannels};
        for (size_t i = 0; p->numChannels && i < G_N_ELEMENTS(lists); i++) {
            memcpy(host_lists[i], (void *)(uintptr_t)lists[i], sizeof host_lists[i]);
        }
        break;
    }
    default:
        break;
    }
}

static int answer(Fake *f, uint32_t command, void *argument)
{
    (void)f;
    answer_status(command & 0xff, argument);
    return 0;
}

static void setup(void)
{
    fake = fake_new("570.86.15", NV_CAPS_DEFAULT | NV_CAP_GRAPHICS);
    ctl = fake_open(fake, FAKE_CTL, CTL_FD);
    gpu = fake_open(fake, FAKE_GPU, GPU_FD);
    fake_open(fake, FAKE_UVM, UVM_FD);
    fake->answer = answer;
    next_status = NV_OK;
    const GuestProcess alice = {FAKE_PROCESS, 1000};
    const GuestProcess bob = {OTHER_PROCESS, 1001};
    object_tree_add_client(fake->proxy.objects, CLIENT, ctl->id, &alice);
    object_tree_add_client(fake->proxy.objects, OTHER, ctl->id, &bob);
    Client *client = object_tree_lock(fake->proxy.objects, CLIENT);
    const uint32_t root = CLIENT;
    client_add(client, DEVICE, NV01_DEVICE_0, &root, 1);
    object_tree_unlock(client);
}

static void teardown(void)
{
    fake_free(fake);
}

TestSuite(memory, .init = setup, .fini = teardown);

uint32_t class_of(NvHandle client_handle, NvHandle object)
{
    Client *client = object_tree_lock(fake->proxy.objects, client_handle);
    uint32_t object_class = 0;

    client_class(client, object, &object_class);
    object_tree_unlock(client);
    return object_class;
}
