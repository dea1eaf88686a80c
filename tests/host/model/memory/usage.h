/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much memory is allocated: of each GPU, and of the system. A piece of memory counts from its allocation until its last holder
 * lets go of it. Holders are objects and their duplicates, files and dma-bufs that it was exported to, mappings by nvidia-uvm, and
 * mappings of system memory by processes.
 */
#pragma once

#include <linux/atomic.h>
#include <linux/fs.h>

/** struct memory_usage: @peak: the most bytes since it was last set back */
struct memory_usage {
    atomic64_t bytes, pieces, peak;
};

/** memory_usage_take: count a piece of memory. Returns: false, and counts nothing, if there would be more than @most bytes. */
bool memory_usage_take(struct memory_usage *usage, u64 bytes, u64 most);
void memory_usage_give(struct memory_usage *usage, u64 bytes);

/** memory_usage_fops: a file with a line for each GPU and one for the system: "gpu0 BYTES PIECES PEAK", "system ...". Any write
 * sets the peaks back to the present bytes. */
extern const struct file_operations memory_usage_fops;
