/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/transport/call-memory.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include <glib.h>

/* A caller's memory is a file.
 *
 * #syscalls:worker pread64 pwrite64
 */

G_STATIC_ASSERT(G_STRUCT_OFFSET(CallMemory, base) == 0);

typedef ssize_t (*Transfer)(int fd, void *buffer, size_t size, off_t offset);

static ssize_t write_some(int fd, void *buffer, size_t size, off_t offset)
{
    return pwrite(fd, buffer, size, offset);
}

/* All of a range or nothing: the file transfers less where a page is missing. */
static bool transfer(const CallMemory *memory, const CallRange *range, Transfer some)
{
    size_t done = 0;
    uint64_t end;

    /* Beyond any address of a process; the kernel's own are none of its memory. */
    if (!g_uint64_checked_add(&end, range->addr, range->len) || end > INT64_MAX) {
        return false;
    }
    while (done < range->len) {
        ssize_t n = some(memory->fd, (char *)range->copy + done, range->len - done,
                         (off_t)(range->addr + done));
        if (n > 0) {
            done += (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            return false;
        }
    }
    return true;
}

static void *call_map(GuestMemory *base, uint64_t addr, size_t len, GuestAccess access)
{
    CallMemory *memory = (CallMemory *)base;

    if (memory->n_ranges == CALL_RANGES_MAX || len > CALL_BYTES_MAX - memory->total) {
        memory->too_large = true;
        return NULL;
    }
    CallRange *range = &memory->ranges[memory->n_ranges++];
    /* One byte more, so that an empty range is not NULL. */
    *range = (CallRange){addr, len, access, g_malloc0(len + 1)};
    memory->total += len;
    if ((access & GUEST_IN) && !transfer(memory, range, pread)) {
        memory->fault = true;
        return NULL;
    }
    return range->copy;
}

static bool call_commit(GuestMemory *base)
{
    const CallMemory *memory = (const CallMemory *)base;

    return !memory->fault && !memory->too_large;
}

static const GuestMemoryOps call_ops = {.map = call_map, .commit = call_commit};

void call_memory_init(CallMemory *memory, int fd)
{
    *memory = (CallMemory){.base.ops = &call_ops, .fd = fd};
}

bool call_memory_write(CallMemory *memory, unsigned n)
{
    unsigned written = 0;

    for (unsigned i = 0; i < memory->n_ranges && written < n; i++) {
        const CallRange *range = &memory->ranges[i];
        if (!(range->access & GUEST_OUT)) {
            continue;
        }
        if (!transfer(memory, range, write_some)) {
            memory->fault = true;
            return false;
        }
        written++;
    }
    return true;
}

void call_memory_clear(CallMemory *memory)
{
    for (unsigned i = 0; i < memory->n_ranges; i++) {
        g_free(memory->ranges[i].copy);
    }
    memory->n_ranges = 0;
}
