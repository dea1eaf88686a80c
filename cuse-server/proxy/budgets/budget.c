/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/budgets/budget.h"

struct Charge {
    gatomicrefcount holders;
    Budget *budget;
    uint64_t bytes;
    GMutex lock;
    GHashTable *held; /* set of charges that hold nothing themselves, or NULL; guarded by lock */
};

void budgets_init(Budgets *budgets, const QuotaPage *page, bool by_gpu)
{
    *budgets = (Budgets){.by_gpu = by_gpu};
    budgets->pinned.is_pinned = true;
    budgets->pinned.limit = page ? &page->pinned_memory : NULL;
    for (unsigned i = 0; i < QUOTA_GPUS_MAX; i++) {
        budgets->gpus[i].limit = page ? &page->gpu_memory[i] : NULL;
    }
}

static bool has_limits(const Budgets *budgets)
{
    for (unsigned i = 0; i < QUOTA_GPUS_MAX; i++) {
        if (budget_limit(&budgets->gpus[i]) != UINT64_MAX) {
            return true;
        }
    }
    return false;
}

Budget *budgets_gpu(Budgets *budgets, uint32_t gpu)
{
    if (!budgets->by_gpu) {
        return &budgets->any_gpu;
    }
    return gpu < QUOTA_GPUS_MAX  ? &budgets->gpus[gpu]
           : has_limits(budgets) ? NULL
                                 : &budgets->any_gpu;
}

uint64_t budget_limit(const Budget *budget)
{
    const uint64_t limit = budget->limit ? atomic_load(budget->limit) : QUOTA_UNLIMITED;

    return limit == QUOTA_UNLIMITED ? UINT64_MAX : limit;
}

uint64_t budget_used(const Budget *budget)
{
    return atomic_load(&budget->used);
}

/* No host has as much memory. A sum stays below it, so that a guest's absurd size cannot get in the way of other guests. */
#define MOST UINT64_C(0x7fffffffffffffff)

/* Add @bytes unless the sum exceeds @limit. */
static bool budget_take(Budget *budget, uint64_t bytes, uint64_t limit)
{
    uint64_t used = atomic_load(&budget->used);
    uint64_t sum;

    do {
        if (!g_uint64_checked_add(&sum, used, bytes) || sum > MIN(limit, MOST)) {
            return false;
        }
    } while (!atomic_compare_exchange_weak(&budget->used, &used, sum));
    return true;
}

static void budget_give_back(Budget *budget, uint64_t bytes)
{
    atomic_fetch_sub(&budget->used, bytes);
}

Charge *charge_new(Budget *budget, uint64_t bytes)
{
    if (!budget_take(budget, bytes, budget_limit(budget))) {
        return NULL;
    }
    Charge *charge = g_new(Charge, 1);
    g_atomic_ref_count_init(&charge->holders);
    charge->budget = budget;
    charge->bytes = bytes;
    charge->held = NULL;
    g_mutex_init(&charge->lock);
    return charge;
}

Charge *charge_new_holder(Budget *budget)
{
    Charge *charge = charge_new(budget, 0);

    charge->held = g_hash_table_new_full(NULL, NULL, (GDestroyNotify)charge_unref, NULL);
    return charge;
}

static void raise_peak(Budget *budget)
{
    const uint64_t used = atomic_load(&budget->used);
    uint64_t peak = atomic_load(&budget->peak);

    while (used > peak && !atomic_compare_exchange_weak(&budget->peak, &peak, used)) {
    }
}

void charge_settle(Charge *charge, uint64_t bytes)
{
    if (bytes < charge->bytes) {
        budget_give_back(charge->budget, charge->bytes - bytes);
        charge->bytes = bytes;
    } else if (budget_take(charge->budget, bytes - charge->bytes, UINT64_MAX)) {
        charge->bytes = bytes;
    }
    raise_peak(charge->budget);
}

Charge *charge_ref(Charge *charge)
{
    g_atomic_ref_count_inc(&charge->holders);
    return charge;
}

/* List the charges that hold nothing among @charge and those that it holds, with a reference to each. */
static GPtrArray *leaves_of(Charge *charge)
{
    GPtrArray *leaves = g_ptr_array_new_with_free_func((GDestroyNotify)charge_unref);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&charge->lock);
    GHashTableIter iter;
    gpointer held;

    if (!charge->held) {
        g_ptr_array_add(leaves, charge_ref(charge));
        return leaves;
    }
    g_hash_table_iter_init(&iter, charge->held);
    while (g_hash_table_iter_next(&iter, &held, NULL)) {
        g_ptr_array_add(leaves, charge_ref(held));
    }
    return leaves;
}

/* Hold what holds nothing itself, so that no circle and no long row can come about; a guest says what holds what. */
void charge_hold(Charge *charge, Charge *held)
{
    if (held && held != charge) {
        g_autoptr(GPtrArray) leaves = leaves_of(held);
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&charge->lock);
        for (guint i = 0; charge->held && i < leaves->len; i++) {
            g_hash_table_add(charge->held, charge_ref(g_ptr_array_index(leaves, i)));
        }
    }
    charge_unref(held);
}

unsigned charge_held(Charge *charge)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&charge->lock);

    return charge->held ? g_hash_table_size(charge->held) : 0;
}

void charge_unref(Charge *charge)
{
    if (charge && g_atomic_ref_count_dec(&charge->holders)) {
        budget_give_back(charge->budget, charge->bytes);
        g_clear_pointer(&charge->held, g_hash_table_unref);
        g_mutex_clear(&charge->lock);
        g_free(charge);
    }
}

bool charge_is_pinned(const Charge *charge)
{
    return charge->budget->is_pinned;
}

uint64_t charge_bytes(const Charge *charge)
{
    return charge->bytes;
}

bool charge_is_shared(Charge *charge)
{
    return !g_atomic_ref_count_compare(&charge->holders, 1);
}
