/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for parameters that the driver copies in and out by the size that it knows, which nobody tells it and it tells
 * nobody: those of UVM's ioctls, and those of an object's class (kernel-open/nvidia-uvm/uvm_api.h,
 * __UVM_ROUTE_CMD_STACK; src/nvidia/src/kernel/rmapi/alloc_free.c, serverAllocApiCopyIn). Where the table's size is
 * not that of the host's driver, it reads zeroes and writes to where nothing is, or fails with EFAULT.
 */
#pragma once

#include <stddef.h>

/**
 * DRIVER_BLOCK_BYTES: no version in the tree has longer parameters of this kind (UVM_MAP_EXTERNAL_ALLOCATION: 9264). Short ones, of
 * at most DRIVER_BLOCK_SHORT bytes, have room to become eight times as long, as that has: zeroes cost time.
 */
enum { DRIVER_BLOCK_BYTES = 3 * 4096, DRIVER_BLOCK_SHORT = 512 };

/**
 * driver_block: a block of this thread's, with parameters in it, and zeroes behind them up to its end. Behind the end is a page that
 * cannot be read nor written. It is the thread's until the next call.
 * @size: of @params, in bytes; at most DRIVER_BLOCK_BYTES
 *
 * Returns: NULL: there is no memory for it.
 */
void *driver_block(const void *params, size_t size);

/**
 * driver_block_now: the block that this thread's last call of driver_block() gave, for who looks at a call that is made; NULL: there was none.
 * @origin: set to the parameters that are in it
 */
const void *driver_block_now(const void **origin);
