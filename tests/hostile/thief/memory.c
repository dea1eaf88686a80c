/* SPDX-License-Identifier: Apache-2.0 */
/* Acts upon objects of memory. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/nvos32.h"
#include "tests/hostile/thief/thief.h"

#define KIB 1024UL
#define MIB (1024 * KIB)

#define LOCATION_PCI      (1U << NVOS32_ATTR_LOCATION_SHIFT)
#define PAGES_SHIFT       23
#define PAGES_HUGE        3U
#define CONTIGUOUS        (2U << 27)
#define ALIGNMENT_FORCE   0x100U
#define OLD_NONCONTIGUOUS (1U << 4)

/* Sizes that the driver rounds up, in different ways. */
static NvU64 any_size(Hand *hand)
{
    static const NvU64 sizes[] = {4 * KIB, 60 * KIB,          68 * KIB,          200 * KIB,
                                  MIB,     2 * MIB - 4 * KIB, 2 * MIB + 4 * KIB, 3 * MIB,
                                  5 * MIB, 20 * MIB};

    return sizes[chance(hand, G_N_ELEMENTS(sizes))];
}

static NvU32 any_pages(Hand *hand)
{
    return chance(hand, 3) ? 0 : chance(hand, PAGES_HUGE + 1) << PAGES_SHIFT;
}

/* Allocate with NV_MEMORY_ALLOCATION_PARAMS. */
static int64_t allocate(Hand *hand, NvU32 class, NvU32 attr, NvU32 flags)
{
    const unsigned gpu = chance(hand, GPUS);
    Held held = {.handle = new_handle(hand, gpu),
                 .size = any_size(hand),
                 .system = class == NV01_MEMORY_SYSTEM};
    Params params = class_params(class);
    int64_t result;

    params_put(&params, "owner", 0, hand->client);
    params_put(&params, "size", 0, held.size);
    params_put(&params, "attr", 0, attr);
    params_put(&params, "flags", 0, flags);
    params_put(&params, "alignment", 0, flags ? 4 * MIB : 0);
    result = rm_alloc(hand->ctl, hand->client, device_of(gpu), held.handle, class, params.data);
    params_free(&params);
    return hold(hand, result, &held);
}

int64_t act_video(Hand *hand)
{
    const bool fixed = hand->shared->uncertain && chance(hand, 4) == 0;

    return allocate(hand, NV01_MEMORY_LOCAL_USER, any_pages(hand),
                    fixed ? NVOS32_ALLOC_FLAGS_FIXED_ADDRESS_ALLOCATE | ALIGNMENT_FORCE : 0);
}

int64_t act_system(Hand *hand)
{
    return allocate(hand, NV01_MEMORY_SYSTEM,
                    LOCATION_PCI | any_pages(hand) | (chance(hand, 3) ? 0 : CONTIGUOUS), 0);
}

int64_t act_heap(Hand *hand)
{
    const unsigned gpu = chance(hand, GPUS);
    const bool system = chance(hand, 2);
    Held held = {.handle = new_handle(hand, gpu), .size = any_size(hand), .system = system};
    NVOS32_PARAMETERS args = {.hRoot = hand->client,
                              .hObjectParent = device_of(gpu),
                              .function = NVOS32_FUNCTION_ALLOC_SIZE};

    args.data.AllocSize.owner = hand->client;
    args.data.AllocSize.hMemory = held.handle;
    args.data.AllocSize.size = held.size;
    args.data.AllocSize.attr = (system ? LOCATION_PCI : 0) | any_pages(hand);
    return hold(hand,
                ioctl_status(hand->ctl, NV_ESC_RM_VID_HEAP_CONTROL, &args, sizeof args,
                             offsetof(NVOS32_PARAMETERS, status)),
                &held);
}

/* The call is of a GPU's file. It allocates memory of the system only. */
int64_t act_old(Hand *hand)
{
    static const NvU32 classes[] = {NV01_MEMORY_SYSTEM, NV01_MEMORY_SYSTEM, NV01_MEMORY_LOCAL_USER};
    const unsigned gpu = chance(hand, GPUS);
    Held held = {.handle = new_handle(hand, gpu), .size = any_size(hand), .system = true};
    nv_ioctl_nvos02_parameters_with_fd args = {
        .params = {.hRoot = hand->client,
                   .hObjectParent = device_of(gpu),
                   .hObjectNew = held.handle,
                   .hClass = classes[chance(hand, G_N_ELEMENTS(classes))],
                   .flags = NVOS02_FLAGS_MAPPING_NO_MAP << NVOS02_FLAGS_MAPPING_SHIFT |
                            (chance(hand, 2) ? OLD_NONCONTIGUOUS : 0),
                   .limit = held.size - 1},
        .fd = -1};

    return hold(hand,
                ioctl_status(hand->gpu[gpu], NV_ESC_RM_ALLOC_MEMORY, &args, sizeof args,
                             offsetof(NVOS02_PARAMETERS, status)),
                &held);
}

/* Duplicate an own object, or another process's. */
int64_t act_duplicate(Hand *hand)
{
    const Held *own = any_object(hand);
    const uint64_t other = hand->shared->published[chance(hand, PUBLISHED)];
    const bool of_own = own && chance(hand, 2);
    const NvHandle source = of_own ? own->handle : (NvHandle)other;
    Held held = {.handle = new_handle(hand, gpu_of(source)),
                 .size = of_own ? own->size : 64 * KIB,
                 .system = of_own && own->system};
    NVOS55_PARAMETERS args = {.hClient = hand->client,
                              .hParent = device_of(gpu_of(source)),
                              .hObject = held.handle,
                              .hClientSrc = of_own ? hand->client : (NvHandle)(other >> 32),
                              .hObjectSrc = source};

    if (!source) {
        return NOTHING;
    }
    return hold(hand,
                ioctl_status(hand->ctl, NV_ESC_RM_DUP_OBJECT, &args, sizeof args,
                             offsetof(NVOS55_PARAMETERS, status)),
                &held);
}

int64_t act_free(Hand *hand)
{
    Held *held = any_object(hand);

    if (!held) {
        return NOTHING;
    }
    const int64_t result = rm_free(hand->ctl, hand->client, held->handle);
    held->handle = 0;
    return result;
}

/* Fabric memory that is made of an object holds the object's memory. */
int64_t act_fabric(Hand *hand)
{
    const Held *of = any_object(hand);

    if (!of || of->system) {
        return NOTHING;
    }
    const unsigned gpu = gpu_of(of->handle);
    Held held = {.handle = new_handle(hand, gpu), .size = of->size};
    Params params = class_params(NV_MEMORY_FABRIC);
    params_put(&params, "allocSize", 0, 2 * MIB);
    params_put(&params, "pageSize", 0, 2 * MIB);
    params_put(&params, "map.hVidMem", 0, of->handle);
    const int64_t result = rm_alloc(hand->ctl, hand->client, subdevice_of(gpu), held.handle,
                                    NV_MEMORY_FABRIC, params.data);
    params_free(&params);
    return hold(hand, result, &held);
}

/* So does a semaphore surface. */
int64_t act_surface(Hand *hand)
{
    const Held *of = any_object(hand), *also = any_object(hand);

    if (!of) {
        return NOTHING;
    }
    const unsigned gpu = gpu_of(of->handle);
    Held held = {.handle = new_handle(hand, gpu), .size = of->size, .system = of->system};
    Params params = class_params(NV_SEMAPHORE_SURFACE);
    params_put(&params, "hSemaphoreMem", 0, of->handle);
    params_put(&params, "hMaxSubmittedMem", 0, also ? also->handle : 0);
    const int64_t result = rm_alloc(hand->ctl, hand->client, subdevice_of(gpu), held.handle,
                                    NV_SEMAPHORE_SURFACE, params.data);
    params_free(&params);
    return hold(hand, result, &held);
}

/* --- mappings, which hold memory of the system when its object is gone */

static int64_t map_memory(Hand *hand, NvHandle memory, unsigned gpu, Mapped *mapped)
{
    const int fd = open("/dev/nvidiactl", O_RDWR | O_CLOEXEC);
    nv_ioctl_nvos33_parameters_with_fd args = {.params = {.hClient = hand->client,
                                                          .hDevice = device_of(gpu),
                                                          .hMemory = memory,
                                                          .length = mapped->size},
                                               .fd = fd};
    int64_t result = ioctl_status(hand->ctl, NV_ESC_RM_MAP_MEMORY, &args, sizeof args,
                                  offsetof(NVOS33_PARAMETERS, status));

    if (result == 0) {
        mapped->address = mmap(NULL, mapped->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (mapped->address == MAP_FAILED) {
            mapped->address = NULL;
            result = -1;
        }
    }
    close(fd);
    return result;
}

int64_t act_map(Hand *hand)
{
    Held *held = any_object(hand);
    Mapped *mapped = &hand->mapped[chance(hand, MAPPINGS)];

    if (!held || !held->system || mapped->address) {
        return NOTHING;
    }
    mapped->size = 4 * KIB;
    const int64_t result = map_memory(hand, held->handle, gpu_of(held->handle), mapped);
    if (chance(hand, 2)) {
        rm_free(hand->ctl, hand->client, held->handle);
        held->handle = 0;
    }
    return result;
}

int64_t act_unmap(Hand *hand)
{
    Mapped *mapped = &hand->mapped[chance(hand, MAPPINGS)];

    if (!mapped->address) {
        return NOTHING;
    }
    munmap(mapped->address, mapped->size);
    mapped->address = NULL;
    return 0;
}
