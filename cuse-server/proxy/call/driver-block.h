/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for parameters that the driver copies in and out by the size that it knows, which nobody tells it and it tells
 * nobody: those of UVM's ioctls, and those of an object's class (kernel-open/nvidia-uvm/uvm_api.h,
 * __UVM_ROUTE_CMD_STACK; src/nvidia/src/kernel/rmapi/alloc_free.c, serverAllocApiCopyIn). Where the table's size is
 * not that of the host's driver, it reads zeroes and writes to where nothing is, or fails with EFAULT.
 *
 * Two such things do not come here: RS_ACCESS_MASK of NV_ESC_RM_ALLOC, which has never had another size, and UVM_INITIALIZE's parameters
 * in an agent's call, which lie in a page of the guest's.
 */
#pragma once

#include <stddef.h>

/**
 * DRIVER_BLOCK_BYTES: no version in the tree has longer parameters of this kind (UVM_MAP_EXTERNAL_ALLOCATION: 9264). Short ones, of
 * at most DRIVER_BLOCK_SHORT bytes, have room to become eight times as long, as that has: zeroes cost time.
 */
enum { DRIVER_BLOCK_BYTES = 3 * 4096, DRIVER_BLOCK_SHORT = 512 };

/** driver_block_room: how much the driver may read and write of parameters that are of @size bytes in the table: eight times as much,
 * at least 1 KiB; of long ones the whole block. */
size_t driver_block_room(size_t size);

/**
 * driver_block: copy parameters into this thread's block, and fill the room behind them with zeroes. Behind that is a page that nobody
 * can read or write.
 * @size: of @params, in bytes; at most DRIVER_BLOCK_BYTES
 *
 * Returns: the block, until the thread's next call; NULL: there is no memory.
 */
void *driver_block(const void *params, size_t size);
