/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/proxy/effects/uvm-calls.h"

#include <string.h>
#include <sys/ioctl.h>

#include <criterion/criterion.h>

#include "abi/class.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos32.h"
#include "abi/status.h"

Fake *fake;
NvFile *ctl;
NvFile *uvm;
QuotaPage page;
NvU32 next_status;
void (*in_driver)(uint32_t command, void *argument);

static int answer(Fake *f, uint32_t command, void *argument)
{
    const bool is_frontend = _IOC_TYPE(command) == 'F';
    const uint32_t number = is_frontend ? _IOC_NR(command) : command;
    const AbiEntry *entry = driver_abi_lookup(f->abi, is_frontend ? ABI_FRONTEND : ABI_UVM, number);

    if (in_driver) {
        in_driver(command, argument);
    }
    ABI_FOR_EACH_MEMBER(member, entry->members, ABI_ROLE_STATUS)
    {
        if (next_status != NV_OK) {
            memcpy(abi_place_at(argument, &member->place, 0), &next_status, sizeof next_status);
        }
    }
    return 0;
}

void start(const char *version)
{
    static const InstanceQuota quota = {.by_gpu = true};
    const GuestProcess alice = {FAKE_PROCESS, 1000};
    const GuestProcess bob = {202, 1001};
    const uint32_t root = CLIENT;

    fake = fake_new(version, NV_CAPS_DEFAULT | NV_CAP_GRAPHICS);
    fake->answer = answer;
    next_status = NV_OK;
    in_driver = NULL;
    page.gpu_memory[0] = BOTH;
    proxy_set_quota(&fake->proxy, &quota, &page);
    ctl = fake_open(fake, FAKE_CTL, 3);
    uvm = fake_open(fake, FAKE_UVM, 4);
    object_tree_add_client(fake->proxy.objects, CLIENT, ctl->id, &alice);
    object_tree_add_client(fake->proxy.objects, OTHER, ctl->id, &bob);
    Client *client = object_tree_lock(fake->proxy.objects, CLIENT);
    client_add(client, DEVICE, NV01_DEVICE_0, &root, 1);
    client_set_gpu(client, DEVICE, 0, 0);
    object_tree_unlock(client);
}

void stop(void)
{
    fake_free(fake);
}

/* --- guest memory: that of the test itself ------------------------------------------------------ */

static void *map_own(GuestMemory *memory, uint64_t addr, size_t len, GuestAccess access)
{
    (void)memory;
    (void)len;
    (void)access;
    return (void *)(uintptr_t)addr;
}

static bool commit_own(GuestMemory *memory)
{
    (void)memory;
    return true;
}

int call(NvFile *file, uint32_t command, void *params)
{
    static const GuestMemoryOps ops = {.map = map_own, .commit = commit_own};
    GuestMemory memory = {.ops = &ops};
    Request request = {.proxy = &fake->proxy,
                       .file = file,
                       .command = command,
                       .argument = (uintptr_t)params,
                       .tid = 1,
                       .memory = &memory};

    cr_assert_eq(proxy_ioctl(&request), REQUEST_DONE);
    return request.error;
}

static void frontend(uint32_t number, void *params, size_t size)
{
    cr_assert_eq(call(ctl, (uint32_t)_IOC(3U, 'F', number, size), params), 0);
}

NvU32 allocate(NvHandle handle)
{
    NVOS32_PARAMETERS p = {.hRoot = CLIENT,
                           .hObjectParent = DEVICE,
                           .function = NVOS32_FUNCTION_ALLOC_SIZE,
                           .data.AllocSize = {.hMemory = handle, .size = BYTES}};

    frontend(NV_ESC_RM_VID_HEAP_CONTROL, &p, sizeof p);
    return p.status;
}

NvU32 free_memory(NvHandle handle)
{
    NVOS00_PARAMETERS p = {.hRoot = CLIENT, .hObjectParent = DEVICE, .hObjectOld = handle};

    frontend(NV_ESC_RM_FREE, &p, sizeof p);
    return p.status;
}

/* --- nvidia-uvm -------------------------------------------------------------------------------- */

static NvProcessorUuid uuid_of(unsigned gpu)
{
    return (NvProcessorUuid){.uuid = {[3] = (NvU8)(gpu + 1)}};
}

static size_t size_now(uint32_t command)
{
    return driver_abi_lookup(fake->abi, ABI_UVM, command)->layout->size;
}

NvU32 uvm_create(uint64_t base, uint64_t length)
{
    UVM_CREATE_EXTERNAL_RANGE_PARAMS p = {.base = base, .length = length};

    cr_assert_eq(call(uvm, UVM_CREATE_EXTERNAL_RANGE, &p), 0);
    return (NvU32)p.rmStatus;
}

NvU32 uvm_map(NvHandle client, NvHandle handle, uint64_t base, uint64_t length, unsigned n_gpus)
{
    UVM_MAP_EXTERNAL_ALLOCATION_PARAMS old = {.base = base,
                                              .length = length,
                                              .gpuAttributesCount = n_gpus,
                                              .rmCtrlFd = -1,
                                              .hClient = client,
                                              .hMemory = handle};
    UVM_MAP_EXTERNAL_ALLOCATION_PARAMS_V550 p = {.base = base,
                                                 .length = length,
                                                 .gpuAttributesCount = n_gpus,
                                                 .rmCtrlFd = -1,
                                                 .hClient = client,
                                                 .hMemory = handle};
    const bool is_old = size_now(UVM_MAP_EXTERNAL_ALLOCATION) == sizeof old;

    for (unsigned i = 0; i < MIN(n_gpus, UVM_MAX_GPUS); i++) {
        old.perGpuAttributes[i].gpuUuid = p.perGpuAttributes[i].gpuUuid = uuid_of(i);
    }
    cr_assert_eq(call(uvm, UVM_MAP_EXTERNAL_ALLOCATION, is_old ? (void *)&old : &p), 0);
    return (NvU32)(is_old ? old.rmStatus : p.rmStatus);
}

NvU32 uvm_unmap(uint64_t base, uint64_t length, unsigned gpu)
{
    UVM_UNMAP_EXTERNAL_PARAMS p = {.base = base, .length = length, .gpuUuid = uuid_of(gpu)};

    cr_assert_eq(call(uvm, UVM_UNMAP_EXTERNAL, &p), 0);
    return (NvU32)p.rmStatus;
}

NvU32 uvm_free(uint64_t base, uint64_t length)
{
    UVM_FREE_PARAMS old = {.base = base, .length = length};
    UVM_FREE_PARAMS_V590 p = {.base = base};
    const bool is_old = size_now(UVM_FREE) == sizeof old;

    cr_assert_eq(call(uvm, UVM_FREE, is_old ? (void *)&old : &p), 0);
    return (NvU32)(is_old ? old.rmStatus : p.rmStatus);
}

NvU32 uvm_unregister(uint32_t command, unsigned gpu)
{
    UVM_UNREGISTER_GPU_PARAMS p = {.gpu_uuid = uuid_of(gpu)};

    cr_assert_eq(call(uvm, command, &p), 0);
    return (NvU32)p.rmStatus;
}

uint64_t used(void)
{
    return budget_used(&fake->proxy.budgets.gpus[0]);
}

unsigned objects(void)
{
    return object_tree_size(fake->proxy.objects).objects;
}
