/* SPDX-License-Identifier: Apache-2.0 */
/* Budgets and charges by themselves. */
#include <criterion/criterion.h>

#include "cuse-server/proxy/budgets/budget.h"

enum { THREADS = 4, ROUNDS = 20000, LIMIT = 10 };

static QuotaPage page;
static Budgets budgets;

static void set_up(void)
{
    page = (QuotaPage){.gpu_memory = {100, 0}, .pinned_memory = 50};
    budgets_init(&budgets, &page, true);
}

TestSuite(budgets, .init = set_up);

Test(budgets, refuse_what_exceeds_the_limit)
{
    Budget *budget = budgets_gpu(&budgets, 0);
    g_autoptr(Charge) most = charge_new(budget, 99);

    cr_assert(most);
    cr_assert_null(charge_new(budget, 2));
    cr_assert_null(charge_new(budget, UINT64_MAX), "the sum overflows");
    cr_assert_eq(budget_used(budget), 99, "a refused charge counts for nothing");
    g_autoptr(Charge) last = charge_new(budget, 1);
    cr_assert(last);
    cr_assert_eq(budget_used(budget), 100);
    cr_assert_eq(atomic_load(&budget->peak), 0, "it counts once the driver has allocated it");
    charge_settle(last, 1);
    cr_assert_eq(atomic_load(&budget->peak), 100);
}

Test(budgets, are_apart)
{
    g_autoptr(Charge) first = charge_new(budgets_gpu(&budgets, 0), 100);
    g_autoptr(Charge) second = charge_new(budgets_gpu(&budgets, 1), 1000);
    g_autoptr(Charge) pinned = charge_new(&budgets.pinned, 50);

    cr_assert(first && second && pinned, "0 is no limit");
    cr_assert_null(charge_new(&budgets.pinned, 1));
    cr_assert(charge_is_pinned(pinned) && !charge_is_pinned(first));
    cr_assert_null(budgets_gpu(&budgets, BUDGET_NO_GPU), "memory of an unknown GPU is no memory");
    cr_assert_null(budgets_gpu(&budgets, QUOTA_GPUS_MAX));
    atomic_store(&page.gpu_memory[0], QUOTA_UNLIMITED);
    cr_assert_eq(budgets_gpu(&budgets, BUDGET_NO_GPU), &budgets.any_gpu, "nothing is limited");
    budgets_init(&budgets, NULL, false);
    cr_assert_eq(budgets_gpu(&budgets, BUDGET_NO_GPU), &budgets.any_gpu);
    cr_assert_eq(budget_limit(&budgets.any_gpu), UINT64_MAX);
}

Test(budgets, limits_change_while_they_are_used)
{
    Budget *budget = budgets_gpu(&budgets, 0);
    g_autoptr(Charge) charge = charge_new(budget, 80);

    atomic_store(&page.gpu_memory[0], 40);
    cr_assert_null(charge_new(budget, 1));
    cr_assert_eq(budget_used(budget), 80, "nothing is taken away");
    atomic_store(&page.gpu_memory[0], 200);
    g_autoptr(Charge) more = charge_new(budget, 120);
    cr_assert(more);
}

Test(budgets, a_charge_settles_at_the_true_size)
{
    Budget *budget = budgets_gpu(&budgets, 0);
    Charge *charge = charge_new(budget, 90);

    charge_settle(charge, 128);
    cr_assert_eq(budget_used(budget), 128, "the driver has it already");
    charge_settle(charge, 16);
    cr_assert_eq(budget_used(budget), 16);
    cr_assert_eq(charge_bytes(charge), 16);
    charge_unref(charge);
    cr_assert_eq(budget_used(budget), 0);
    cr_assert_eq(atomic_load(&budget->peak), 128);
}

Test(budgets, the_last_holder_gives_the_bytes_back)
{
    Budget *budget = budgets_gpu(&budgets, 0);
    Charge *charge = charge_new(budget, 10);

    cr_assert_not(charge_is_shared(charge));
    charge_ref(charge);
    cr_assert(charge_is_shared(charge));
    charge_unref(charge);
    cr_assert_eq(budget_used(budget), 10);
    charge_unref(charge);
    cr_assert_eq(budget_used(budget), 0);
    charge_unref(NULL);
}

Test(budgets, a_charge_can_hold_others)
{
    Budget *budget = budgets_gpu(&budgets, 0);
    Charge *fabric = charge_new_holder(&budgets.no_memory);
    Charge *memory = charge_new(budget, 10);

    charge_hold(fabric, charge_ref(memory));
    charge_hold(fabric, charge_ref(memory)); /* once more changes nothing */
    charge_hold(fabric, NULL);
    charge_unref(memory);
    cr_assert_eq(budget_used(budget), 10);
    charge_unref(charge_ref(fabric));
    cr_assert_eq(budget_used(budget), 10);
    charge_unref(fabric);
    cr_assert_eq(budget_used(budget), 0);
}

/* A guest says what holds what. */
Test(budgets, charges_that_hold_one_another_are_given_back)
{
    Budget *budget = budgets_gpu(&budgets, 0);
    Charge *first = charge_new_holder(&budgets.no_memory);
    Charge *second = charge_new_holder(&budgets.no_memory);

    charge_hold(first, charge_new(budget, 10));
    charge_hold(second, charge_ref(first));
    charge_hold(first, charge_ref(second));
    charge_hold(first, charge_ref(first));
    charge_unref(first);
    cr_assert_eq(budget_used(budget), 10, "the second holds it, too");
    charge_unref(second);
    cr_assert_eq(budget_used(budget), 0);
}

static gpointer take_and_give(gpointer data)
{
    Budget *budget = data;
    uintptr_t most = 0;

    for (int i = 0; i < ROUNDS; i++) {
        Charge *charge = charge_new(budget, 4);
        most = MAX(most, (uintptr_t)budget_used(budget));
        charge_unref(charge);
    }
    return (gpointer)most;
}

Test(budgets, threads_cannot_exceed_a_limit_together)
{
    Budget *budget = budgets_gpu(&budgets, 0);
    GThread *threads[THREADS];

    atomic_store(&page.gpu_memory[0], LIMIT);
    for (int i = 0; i < THREADS; i++) {
        threads[i] = g_thread_new(NULL, take_and_give, budget);
    }
    for (int i = 0; i < THREADS; i++) {
        cr_expect_leq((uintptr_t)g_thread_join(threads[i]), LIMIT);
    }
    cr_expect_eq(budget_used(budget), 0);
    cr_expect_leq(atomic_load(&budget->peak), LIMIT);
}
