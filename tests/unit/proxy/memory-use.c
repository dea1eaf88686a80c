/* SPDX-License-Identifier: Apache-2.0 */
/* What a proxy reports of the memory that guests hold. */
#include <criterion/criterion.h>

#include "cuse-server/proxy/proxy.h"

Test(memory_use, is_of_each_gpu_where_it_is_told_apart)
{
    Proxy proxy = {0};
    InstanceUse use;

    budgets_init(&proxy.budgets, NULL, true);
    g_autoptr(Charge) one = charge_new(&proxy.budgets.gpus[1], 10);
    g_autoptr(Charge) pinned = charge_new(&proxy.budgets.pinned, 30);
    Charge *gone = charge_new(&proxy.budgets.gpus[1], 20);
    charge_settle(gone, 20);
    charge_unref(gone);
    proxy_memory_use(&proxy, &use);
    cr_assert_eq(use.gpus[0].used, 0);
    cr_assert_eq(use.gpus[1].used, 10);
    cr_assert_eq(use.gpus[1].peak, 30);
    cr_assert_eq(use.pinned.used, 30);
    cr_assert_eq(use.any_gpu.peak, 0);
}

Test(memory_use, is_one_sum_where_it_is_not)
{
    Proxy proxy = {0};
    InstanceUse use;

    budgets_init(&proxy.budgets, NULL, false);
    g_autoptr(Charge) one = charge_new(budgets_gpu(&proxy.budgets, 1), 10);
    g_autoptr(Charge) other = charge_new(budgets_gpu(&proxy.budgets, BUDGET_NO_GPU), 20);
    proxy_memory_use(&proxy, &use);
    cr_assert_eq(use.any_gpu.used, 30);
    cr_assert_eq(use.gpus[1].used, 0);
    cr_assert_eq(use.pinned.used, 0);
}
