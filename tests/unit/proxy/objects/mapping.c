/* SPDX-License-Identifier: Apache-2.0 */
/* Which part of a host file a guest's mmap() shows. */
#include <errno.h>

#include <criterion/criterion.h>

#include "cuse-server/proxy/objects/mapping.h"
#include "tests/unit/support/fake-host.h"

static Fake *fake;
static NvFile *ctl;
static NvFile *gpu;

static void setup(void)
{
    fake = fake_new("535.309.01", NV_CAPS_DEFAULT);
    ctl = fake_open(fake, FAKE_CTL, 3);
    gpu = fake_open(fake, FAKE_GPU, 4);
}

static void teardown(void)
{
    fake_free(fake);
}

TestSuite(mapping, .init = setup, .fini = teardown);

Test(mapping, a_file_with_nothing_to_show_shows_nothing)
{
    cr_assert_eq(mapping_check(ctl, 4096, 0), EINVAL);
    cr_assert_eq(mapping_check(gpu, 4096, 0), EINVAL);
}

Test(mapping, a_context_is_shown_from_its_beginning_and_a_gpus_no_further_than_its_end)
{
    ctl->map.length = 0x2000;
    gpu->map.length = 0x2000;
    cr_assert_eq(mapping_check(ctl, 0x2000, 0), 0);
    cr_assert_eq(mapping_check(ctl, 0x1000, 0), 0);
    cr_assert_eq(mapping_check(ctl, 0x1001, 0), 0, "whole pages are mapped");
    cr_assert_eq(mapping_check(ctl, 0x2001, 0), 0, "the driver knows how long the memory is");
    cr_assert_eq(mapping_check(gpu, 0x2000, 0), 0);
    cr_assert_eq(mapping_check(gpu, 0x2001, 0), ENXIO);
    cr_assert_eq(mapping_check(ctl, 0x1000, 0x1000), EINVAL);
    cr_assert_eq(mapping_check(gpu, 0x1000, 0x1000), EINVAL);
    cr_assert_eq(mapping_check(ctl, UINT64_MAX, 0), ENOMEM, "an overflow");
}

Test(mapping, the_question_does_not_wait_for_a_call_that_may_make_a_context)
{
    g_mutex_lock(&gpu->lock);
    cr_assert_eq(mapping_check(gpu, 4096, 0), EINVAL);
    g_mutex_unlock(&gpu->lock);
}

Test(mapping, uvm_files_are_the_drivers_to_judge_and_the_others_cannot_be_mapped)
{
    cr_assert_eq(mapping_check(fake_open(fake, FAKE_UVM, 5), 4096, 0x200000000000), 0);
    cr_assert_eq(mapping_check(fake_open(fake, FAKE_TOOLS, 6), 4096, 0), ENODEV);
    cr_assert_eq(mapping_check(fake_open(fake, FAKE_CAP, 7), 4096, 0), ENODEV);
    cr_assert_eq(mapping_check(fake_open(fake, FAKE_DMA_BUF, 8), 4096, 0), ENODEV);
}
