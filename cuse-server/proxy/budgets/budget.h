/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Budgets and charges: how much memory the guests of an instance hold, and how much they may hold.
 *
 * A charge stands for memory that the driver has allocated for guests. Everything that keeps the memory allocated in the driver
 * holds a reference to the charge: objects and their duplicates, files that objects were exported to, mappings by nvidia-uvm. The
 * memory counts until the last of them is gone, because the driver frees it no earlier.
 *
 * A call is charged before the driver is asked, by the size that the guest asks for. So threads that allocate at once cannot exceed
 * the limit together. The driver may round the size up; charge_settle() then corrects the charge, and only this can exceed the
 * limit, by one rounding for each call in progress.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "cuse-server/wire/device.h"
#include "cuse-server/wire/quota/quota.h"

/**
 * Budget: memory of one kind.
 * @limit: bytes; NULL or QUOTA_UNLIMITED: there is no limit
 * @is_pinned: the memory is the host's
 * @used: bytes that guests hold now; @peak: the most that they have held
 */
typedef struct {
    const _Atomic uint64_t *limit;
    bool is_pinned;
    _Atomic uint64_t used;
    _Atomic uint64_t peak;
} Budget;

/**
 * Budgets: all budgets of an instance.
 * @gpus: GPU memory, for each of the instance's GPUs; see InstanceQuota
 * @any_gpu: GPU memory, if guests' use is not told apart by GPU
 * @pinned: the host's memory that the driver allocates
 * @no_memory: for charges that only hold others
 * @by_gpu: whether guests' use is told apart by GPU
 */
typedef struct {
    Budget gpus[QUOTA_GPUS_MAX];
    Budget any_gpu;
    Budget pinned;
    Budget no_memory;
    bool by_gpu;
} Budgets;

/** Charge: memory that counts against a budget, with as many references as there are holders. */
typedef struct Charge Charge;

/** budgets_init: set up budgets. @page: the limits, which may change at any time and outlive @budgets; NULL: there are none */
void budgets_init(Budgets *budgets, const QuotaPage *page, bool by_gpu);

/** BUDGET_NO_GPU: marks an object that belongs to none of the instance's GPUs. */
#define BUDGET_NO_GPU UINT32_MAX

/**
 * budgets_gpu: find the budget for memory of a GPU.
 * @gpu: the GPU's number among the instance's GPUs, or BUDGET_NO_GPU
 * Returns: NULL if GPU memory is limited, and this is the number of none of the instance's GPUs.
 */
Budget *budgets_gpu(Budgets *budgets, uint32_t gpu);

/** budget_limit: get the present limit, in bytes, at least 1. Returns UINT64_MAX if there is none. */
uint64_t budget_limit(const Budget *budget);

/** budget_used: get the bytes that guests hold now. */
uint64_t budget_used(const Budget *budget);

/**
 * charge_new: (transfer full): charge @bytes to a budget.
 * Returns: NULL, and charges nothing, if that would exceed the limit.
 */
Charge *charge_new(Budget *budget, uint64_t bytes);

/** charge_settle: change a charge to the size that the driver has really allocated, and raise the budget's peak. Ignores the limit.
 * Only for a charge with one holder, before others can see it. */
void charge_settle(Charge *charge, uint64_t bytes);

/**
 * charge_new_holder: (transfer full): make a charge of no bytes that can hold others, for an object that keeps the memory of other
 * objects allocated. Its duplicates share it. @budget: has no limit
 */
Charge *charge_new_holder(Budget *budget);

/** charge_held: count the charges that a charge from charge_new_holder() holds. */
unsigned charge_held(Charge *charge);

/** charge_hold: let a charge from charge_new_holder() hold another one, or what that one holds, until it is given back itself. Does
 * nothing for other charges. @held: (transfer full), or NULL */
void charge_hold(Charge *charge, Charge *held);

Charge *charge_ref(Charge *charge);

/** charge_unref: drop a reference; @charge may be NULL. The last one gives the bytes back. Any thread may call this, with or
 * without locks. */
void charge_unref(Charge *charge);

/** charge_bytes: get the size of the memory, in bytes. */
uint64_t charge_bytes(const Charge *charge);

/** charge_is_pinned: whether the memory is the host's. A mapping into a program keeps such memory allocated. */
bool charge_is_pinned(const Charge *charge);

/** charge_is_shared: whether the memory has more than one holder. */
bool charge_is_shared(Charge *charge);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Charge, charge_unref)
