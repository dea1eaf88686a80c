/* SPDX-License-Identifier: Apache-2.0 */
/* What is recorded of an object: its GPU, and how much memory it is. */
#include <criterion/criterion.h>

#include "abi/alloc.h"
#include "abi/class.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "tests/unit/proxy/call/alloc-calls.h"

static ObjectUse found[8];
static size_t n_found;

static void note_use(const ObjectUse *use, gpointer data)
{
    (void)data;
    cr_assert_lt(n_found, G_N_ELEMENTS(found));
    found[n_found++] = *use;
}

static ObjectUse use_of(NvV32 object_class)
{
    n_found = 0;
    object_tree_each(fake->proxy.objects, note_use, NULL);
    for (size_t i = 0; i < n_found; i++) {
        if (found[i].object_class == object_class) {
            return found[i];
        }
    }
    return (ObjectUse){.gpu = NO_GPU};
}

static void make(NvHandle parent, NvHandle object, NvV32 object_class, NvP64 params)
{
    NVOS64_PARAMETERS p = {.hRoot = CLIENT,
                           .hObjectParent = parent,
                           .hObjectNew = object,
                           .hClass = object_class,
                           .pAllocParms = params};

    cr_assert_eq(alloc64(&p), 0);
    cr_assert_eq(p.status, NV_OK);
}

static void make_device(NvU32 instance)
{
    *(NV0080_ALLOC_PARAMETERS *)fake_at(fake, PARAMS) =
        (NV0080_ALLOC_PARAMETERS){.deviceId = instance};
    make(CLIENT, DEVICE, NV01_DEVICE_0, PARAMS);
}

Test(alloc, what_is_below_a_device_is_of_its_gpu)
{
    make_client();
    make_device(3);
    make(DEVICE, DEVICE + 1, NV20_SUBDEVICE_0, 0);
    cr_expect_eq(use_of(NV01_DEVICE_0).gpu, 3);
    cr_expect_eq(use_of(NV20_SUBDEVICE_0).gpu, 3);
    cr_expect_eq(use_of(NV20_SUBDEVICE_0).process.id, FAKE_PROCESS);
    make(CLIENT, DEVICE + 2, MPS_COMPUTE, 0);
    cr_expect_eq(use_of(MPS_COMPUTE).gpu, NO_GPU);
}

Test(alloc, a_device_without_parameters_is_the_first)
{
    make_client();
    make(CLIENT, DEVICE, NV01_DEVICE_0, 0);
    cr_expect_eq(use_of(NV01_DEVICE_0).gpu, 0);
}

Test(alloc, memory_is_as_much_as_it_says)
{
    static const NvV32 classes[] = {NV01_MEMORY_LOCAL_USER, NV01_MEMORY_SYSTEM};

    make_client();
    make_device(0);
    for (size_t i = 0; i < G_N_ELEMENTS(classes); i++) {
        *(NV_MEMORY_ALLOCATION_PARAMS *)fake_at(fake, PARAMS) =
            (NV_MEMORY_ALLOCATION_PARAMS){.size = 0x123456000};
        make(DEVICE, DEVICE + 1 + (NvHandle)i, classes[i], PARAMS);
        /* GPU memory is taken in pages of 64 KiB */
        cr_expect_eq(use_of(classes[i]).bytes, i == 0 ? 0x123460000 : 0x123456000);
        cr_expect_not(use_of(classes[i]).is_shared);
    }
}
