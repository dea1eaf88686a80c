/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for parameters whose size is not part of the call. The driver copies them in and out by a size that is built into it:
 * the parameters of UVM's ioctls, and those of an object's class (kernel-open/nvidia-uvm/uvm_api.h, __UVM_ROUTE_CMD_STACK;
 * src/nvidia/src/kernel/rmapi/alloc_free.c, serverAllocApiCopyIn). If the driver's size is larger than the size in our table, the
 * driver reads zeroes and writes to unused bytes behind the parameters, or fails with EFAULT.
 *
 * Two kinds of such memory do not use a block: RS_ACCESS_MASK of NV_ESC_RM_ALLOC, because its size has never changed; and
 * UVM_INITIALIZE's parameters in an agent's call, because they are in a page of the guest.
 */
#pragma once

#include <stddef.h>

/**
 * DRIVER_BLOCK_BYTES: the size of a block. It exceeds the longest parameters of this kind in any version in the tree
 * (UVM_MAP_EXTERNAL_ALLOCATION: 9264 bytes).
 * DRIVER_BLOCK_SHORT: parameters of at most this many bytes do not get the whole block, because writing zeroes costs time. They
 * get room to grow to eight times their size, as UVM_MAP_EXTERNAL_ALLOCATION did (1200 to 9264 bytes).
 */
enum { DRIVER_BLOCK_BYTES = 3 * 4096, DRIVER_BLOCK_SHORT = 512 };

/** driver_block_room: how many bytes the driver may read and write for parameters that have @size bytes in the table. Short ones:
 * eight times @size, and at least 1 KiB. Long ones: the whole block. */
size_t driver_block_room(size_t size);

/**
 * driver_block: copy parameters into this thread's block, and fill the room behind them with zeroes. Behind the room is a guard
 * page, which cannot be read or written.
 * @size: of @params, in bytes; at most DRIVER_BLOCK_BYTES
 *
 * Returns: the copy, valid until this thread's next call of driver_block(); NULL: there is no memory.
 */
void *driver_block(const void *params, size_t size);
