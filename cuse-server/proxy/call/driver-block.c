/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/call/driver-block.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <glib.h>

/* #syscalls:worker mmap munmap */

enum { GUARD_BYTES = 4096 };

/* @LEAST_BYTES: the smallest room, whatever the parameters' size */
enum { GROWTH = 8, LEAST_BYTES = 1024, ALIGNMENT = 16 };

static void unmap(gpointer bytes)
{
    (void)munmap(bytes, DRIVER_BLOCK_BYTES + GUARD_BYTES);
}

static GPrivate block_of_thread = G_PRIVATE_INIT(unmap);

/* Map this thread's block and the guard page behind it. Returns NULL if there is no memory. */
static uint8_t *map_block(void)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    void *all = mmap(NULL, DRIVER_BLOCK_BYTES + GUARD_BYTES, PROT_NONE, flags, -1, 0);

    if (all == MAP_FAILED) {
        return NULL;
    }
    if (mmap(all, DRIVER_BLOCK_BYTES, PROT_READ | PROT_WRITE, flags | MAP_FIXED, -1, 0) ==
        MAP_FAILED) {
        unmap(all);
        return NULL;
    }
    g_private_set(&block_of_thread, all);
    return all;
}

size_t driver_block_room(size_t size)
{
    const size_t room = MAX(size * GROWTH, LEAST_BYTES);

    return size <= DRIVER_BLOCK_SHORT ? (room + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT
                                      : DRIVER_BLOCK_BYTES;
}

void *driver_block(const void *params, size_t size)
{
    const size_t room = driver_block_room(size);
    uint8_t *bytes = g_private_get(&block_of_thread);

    g_assert(size <= DRIVER_BLOCK_BYTES);
    bytes = bytes ? bytes : map_block();
    if (!bytes) {
        return NULL;
    }
    uint8_t *block =
        bytes + DRIVER_BLOCK_BYTES - room; /* the room ends where the guard page begins */
    memcpy(block, params, size);
    memset(block + size, 0, room - size);
    return block;
}
