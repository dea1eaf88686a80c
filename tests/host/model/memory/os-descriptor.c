/* SPDX-License-Identifier: GPL-2.0-only */
/* NV01_MEMORY_SYSTEM_OS_DESCRIPTOR: describe pages of the calling task, whatever client it names. */
#include <linux/mm.h>
#include <linux/slab.h>

#include "model.h"

u32 memory_pin(u64 address, u64 length, bool writable, struct model_memory **result)
{
    struct model_memory *memory;
    u64 n_pages = DIV_ROUND_UP_ULL(length, PAGE_SIZE);
    unsigned int flags = FOLL_LONGTERM | (writable ? FOLL_WRITE : 0);
    int pinned;

    if (!n_pages || n_pages > totalram_pages())
        return NV_ERR_INVALID_ADDRESS;
    memory = kzalloc(sizeof(*memory), GFP_KERNEL);
    if (memory)
        memory->pages = kvcalloc(n_pages, sizeof(*memory->pages), GFP_KERNEL);
    if (!memory || !memory->pages) {
        kfree(memory);
        return NV_ERR_NO_MEMORY;
    }
    pinned = pin_user_pages_fast(address, (int)n_pages, flags, memory->pages);
    if (pinned != (int)n_pages) { /* if one page fails, none is pinned */
        if (pinned > 0)
            unpin_user_pages(memory->pages, (unsigned long)pinned);
        kvfree(memory->pages);
        kfree(memory);
        return NV_ERR_INVALID_ADDRESS;
    }
    kref_init(&memory->refs);
    atomic_set(&memory->holders, 1);
    memory->page = PAGE_SIZE;
    INIT_LIST_HEAD(&memory->attached);
    memory->place = MEMORY_PINNED;
    memory->length = length;
    memory->n_pages = n_pages;
    memory->user_read_only = !writable;
    live_add(memory, 1);
    live_add(pinned_pages, (long)n_pages);
    *result = memory;
    return NV_OK;
}

void memory_unpin(struct model_memory *memory)
{
    unpin_user_pages_dirty_lock(memory->pages, memory->n_pages, !memory->user_read_only);
    live_add(pinned_pages, -(long)memory->n_pages);
}
