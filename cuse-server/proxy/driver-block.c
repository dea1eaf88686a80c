/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/driver-block.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <glib.h>

/* #syscalls:worker mmap munmap */

enum { GUARD_BYTES = 4096 };

/* @LEAST_BYTES: what there is room for at least */
enum { GROWTH = 8, LEAST_BYTES = 256, ALIGNMENT = 16 };

/* @bytes: for the longest; @now: the part of it that was given last, with a copy of @origin */
typedef struct {
    uint8_t *bytes;
    uint8_t *now;
    const void *origin;
} Block;

static void unmap(void *bytes)
{
    (void)munmap(bytes, DRIVER_BLOCK_BYTES + GUARD_BYTES);
}

static void block_free(gpointer data)
{
    Block *block = data;

    unmap(block->bytes);
    g_free(block);
}

static GPrivate block_of_thread = G_PRIVATE_INIT(block_free);

/* NULL: there is no memory. */
static void *map_bytes(void)
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
    return all;
}

/* NULL: there is no memory. */
static Block *thread_block(void)
{
    Block *block = g_private_get(&block_of_thread);
    void *bytes = block ? NULL : map_bytes();

    if (bytes) {
        block = g_new0(Block, 1);
        block->bytes = bytes;
        g_private_set(&block_of_thread, block);
    }
    return block;
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
    Block *block = thread_block();

    g_assert(size <= DRIVER_BLOCK_BYTES);
    if (!block) {
        return NULL;
    }
    block->origin = params;
    block->now =
        block->bytes + DRIVER_BLOCK_BYTES - room; /* the page that nobody can touch is behind it */
    memcpy(block->now, params, size);
    memset(block->now + size, 0, room - size);
    return block->now;
}

const void *driver_block_now(const void **origin)
{
    const Block *block = g_private_get(&block_of_thread);

    *origin = block ? block->origin : NULL;
    return block ? block->now : NULL;
}
