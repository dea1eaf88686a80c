/* SPDX-License-Identifier: Apache-2.0 */
/* The options of quotas: what they set in an instance's specification, and which instances they do not fit. */
#include <string.h>

#include <criterion/criterion.h>

#include "cuse-server/cli/options/quota-options.h"

#define GIB (UINT64_C(1) << 30)

/* An instance with the GPUs 1 and 3. */
static InstanceSpec two_gpus(void)
{
    return (InstanceSpec){
        .devices = {{DEVICE_FRONTEND, "nvidiactl", makedev(195, 255)},
                    {DEVICE_FRONTEND, "nvidia1", makedev(195, 1)},
                    {DEVICE_FRONTEND, "nvidia3", makedev(195, 3)},
                    {DEVICE_UVM, "nvidia-uvm", makedev(236, 0)}},
        .n_devices = 4,
    };
}

Test(quota_options, limits_stand_in_the_order_of_the_instances_gpus)
{
    const InstanceOptions options = {.gpu_memory = (char[]){"minor:3=20G,minor:1=max"},
                                     .pinned_memory = (char[]){"8G"},
                                     .managed_memory = (char[]){"refuse"}};
    InstanceSpec spec = two_gpus();

    cr_assert(quota_options_set(&options, &spec, NULL));
    cr_assert(spec.quota.by_gpu);
    cr_assert_eq(spec.quota.gpu_memory[0], QUOTA_UNLIMITED);
    cr_assert_eq(spec.quota.gpu_memory[1], 20 * GIB);
    cr_assert_eq(spec.quota.pinned_memory, 8 * GIB);
    cr_assert_eq(spec.quota.managed, MANAGED_REFUSE);
}

Test(quota_options, one_size_is_for_each_gpu)
{
    const InstanceOptions options = {.gpu_memory = (char[]){"20G"}};
    InstanceSpec spec = two_gpus();

    cr_assert(quota_options_set(&options, &spec, NULL));
    cr_assert_eq(spec.quota.gpu_memory[0], 20 * GIB);
    cr_assert_eq(spec.quota.gpu_memory[1], 20 * GIB);
    cr_assert_eq(spec.quota.gpu_memory[2], QUOTA_UNLIMITED, "there is no third GPU");
}

Test(quota_options, without_them_nothing_is_limited_or_told_apart)
{
    const InstanceOptions options = {0};
    InstanceSpec spec = two_gpus();

    cr_assert(quota_options_set(&options, &spec, NULL));
    cr_assert_not(spec.quota.by_gpu);
    cr_assert_eq(spec.quota.pinned_memory, QUOTA_UNLIMITED);
    cr_assert_eq(spec.quota.managed, MANAGED_FREE);
}

Test(quota_options, a_gpu_that_the_instance_does_not_have_is_named)
{
    const InstanceOptions options = {.gpu_memory = (char[]){"minor:0=20G"}};
    InstanceSpec spec = two_gpus();
    g_autoptr(GError) error = NULL;

    cr_assert_not(quota_options_set(&options, &spec, &error));
    cr_assert_str_eq(error->message, "--gpu-memory: /dev/nvidia0: expected one of the instance's "
                                     "GPUs (--gpus), which have these device minors: 1,3");
}

Test(quota_options, more_gpus_than_can_be_told_apart_are_refused)
{
    const InstanceOptions options = {.gpu_memory = (char[]){"20G"}};
    g_autoptr(GError) error = NULL;
    InstanceSpec spec = {.n_devices = QUOTA_GPUS_MAX + 1};

    for (unsigned i = 0; i < spec.n_devices; i++) {
        spec.devices[i] = (Device){DEVICE_FRONTEND, "nvidia", makedev(195, i)};
    }
    cr_assert_not(quota_options_set(&options, &spec, &error));
    cr_assert_not_null(strstr(error->message, "32"), "%s", error->message);
}

Test(quota_options, a_recorded_instance_has_no_quotas)
{
    const InstanceOptions with[] = {
        {.record = (char[]){"f"}, .gpu_memory = (char[]){"max"}},
        {.record = (char[]){"f"}, .pinned_memory = (char[]){"1G"}},
        {.record = (char[]){"f"}, .managed_memory = (char[]){"free"}},
    };
    const InstanceOptions without = {.record = (char[]){"f"}};

    for (size_t i = 0; i < G_N_ELEMENTS(with); i++) {
        g_autoptr(GError) error = NULL;
        cr_assert_not(quota_options_pair(&with[i], &error));
        cr_assert_not_null(strstr(error->message, "--record"), "%s", error->message);
    }
    cr_assert(quota_options_pair(&without, NULL));
}
