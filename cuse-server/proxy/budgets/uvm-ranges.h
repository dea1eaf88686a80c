/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ranges of addresses that guests have made in one file of nvidia-uvm, and the memory that is mapped there.
 *
 * Mapping memory into an external range duplicates the memory in the driver, once for each GPU that it is mapped for
 * (kernel-open/nvidia-uvm/uvm_map_external.c). The duplicate stays when the object is freed, and keeps all of the memory, even if
 * only a page is mapped. It goes with its last page. So each mapping is recorded here, and holds a reference to the charge of the
 * memory. A GPU's mappings never overlap: what is mapped later replaces what was there.
 *
 * A mapping is dropped here only if the driver has certainly dropped it, so a guest never holds memory that does not count. These
 * cases count longer than the driver holds the memory, at most until the file is released or the addresses are mapped or unmapped
 * again:
 *   - a call fails that may have dropped mappings before it failed;
 *   - UVM_UNREGISTER_GPU drops mappings of the GPU's memory for other GPUs, and UVM_DISABLE_PEER_ACCESS does the same between two
 *     GPUs. It is not recorded which GPU's memory a mapping shows;
 *   - the process ends that the file was tied to, and another process has the file open.
 *
 * Each function may be called by any thread. To make calls of the driver happen in the order in which they are recorded, hold
 * uvm_ranges_lock() from before the driver is asked until the answer is recorded.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cuse-server/proxy/budgets/budget.h"

typedef struct UvmRanges UvmRanges;

/** UvmRangeKind: what a range is for. */
typedef enum {
    UVM_RANGE_EXTERNAL,       /* for memory that UVM_MAP_EXTERNAL_ALLOCATION maps */
    UVM_RANGE_SEMAPHORE_POOL, /* it has memory of its own, which mmap() shows */
} UvmRangeKind;

/** UVM_GPU_UUID_SIZE: size of what names a GPU, in bytes. */
enum { UVM_GPU_UUID_SIZE = 16 };

/** UvmArea: addresses in a file. @length: in bytes. An area that is empty, or that exceeds all addresses, is ignored. */
typedef struct {
    uint64_t base;
    uint64_t length;
} UvmArea;

UvmRanges *uvm_ranges_new(void);

/** uvm_ranges_free: forget all ranges, and drop the references to charges. @ranges may be NULL. */
void uvm_ranges_free(UvmRanges *ranges);

/** uvm_ranges_lock: hold off other threads that call the driver for these ranges. May wait for a call of the driver. */
void uvm_ranges_lock(UvmRanges *ranges);
void uvm_ranges_unlock(UvmRanges *ranges);

/** uvm_ranges_size: how many things are recorded: ranges and mappings. A mapping of which a middle part was dropped is two. */
unsigned uvm_ranges_size(UvmRanges *ranges);

/** uvm_ranges_add: record a new range. */
void uvm_ranges_add(UvmRanges *ranges, UvmRangeKind kind, const UvmArea *area);

/** uvm_ranges_remove: forget the range that begins at @base, and all that is mapped there. An unknown range is ignored. */
void uvm_ranges_remove(UvmRanges *ranges, uint64_t base);

/** uvm_ranges_have_pool: whether there is a semaphore pool of exactly this area. */
bool uvm_ranges_have_pool(UvmRanges *ranges, const UvmArea *area);

/**
 * uvm_ranges_map: record that memory is mapped for a GPU, and forget what it replaces.
 * @gpu: UVM_GPU_UUID_SIZE bytes
 * @charge: (transfer none): of the memory; NULL: the memory does not count, and is not recorded
 */
void uvm_ranges_map(UvmRanges *ranges, const void *gpu, const UvmArea *area, Charge *charge);

/** uvm_ranges_unmap: forget what is mapped in an area for a GPU. The rest of a mapping stays. */
void uvm_ranges_unmap(UvmRanges *ranges, const void *gpu, const UvmArea *area);

/** uvm_ranges_splits: whether uvm_ranges_unmap() would leave one mapping more than there was. */
bool uvm_ranges_splits(UvmRanges *ranges, const void *gpu, const UvmArea *area);

/** uvm_ranges_drop_gpu: forget everything that is mapped for a GPU. */
void uvm_ranges_drop_gpu(UvmRanges *ranges, const void *gpu);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(UvmRanges, uvm_ranges_free)
