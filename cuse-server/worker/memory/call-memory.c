/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/worker/memory/call-memory.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>

#include "cuse-server/base/close-if-open.h"

/* The caller's memory is a file.
 *
 * #syscalls:worker pread64 pwrite64 close
 */

G_STATIC_ASSERT(G_STRUCT_OFFSET(CallMemory, base) == 0);

typedef ssize_t (*Transfer)(int fd, void *buffer, size_t size, off_t offset);

static ssize_t write_some(int fd, void *buffer, size_t size, off_t offset)
{
    return pwrite(fd, buffer, size, offset);
}

/* Transfer a whole range, or fail. The file transfers fewer bytes if a page is missing. */
static bool transfer(const CallMemory *memory, const CallRange *range, Transfer some)
{
    size_t done = 0;
    uint64_t end;

    /* Refuse addresses that no process can have. The kernel's own addresses are not memory of the process. */
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

/* Tell whether the kernel has copied this range, in each direction that is wanted. At most one range of a call is taken from
 * there: if the handler asks for it twice, it is read twice. */
static bool is_carried(const CallMemory *memory, const CallRange *range)
{
    const CallCarried *carried = &memory->carried;

    return memory->ops && memory->carried_range < 0 && range->addr == carried->addr &&
           (!(range->access & GUEST_IN) || range->len == carried->in_size) &&
           (!(range->access & GUEST_OUT) || range->len == carried->out_size);
}

static bool have_descriptor(CallMemory *memory)
{
    if (memory->fd < 0 && !memory->denied && !memory->postponed && memory->ops) {
        int error = memory->ops->open(memory->data, &memory->fd);
        memory->postponed = error == EAGAIN;
        memory->denied = memory->postponed ? 0 : error;
    }
    return memory->fd >= 0;
}

/* Get a range's bytes, and make sure that they can be written back. */
static bool bring(CallMemory *memory, CallRange *range)
{
    if (is_carried(memory, range)) {
        memory->carried_range = (int)memory->n_ranges - 1;
        if ((range->access & GUEST_IN) && range->len > 0) {
            memcpy(range->copy, memory->carried.in, range->len);
        }
        return true;
    }
    if (range->len == 0) {
        return true;
    }
    if (!have_descriptor(memory)) {
        return false;
    }
    if ((range->access & GUEST_IN) && !transfer(memory, range, pread)) {
        memory->fault = true;
        return false;
    }
    return true;
}

static void *call_map(GuestMemory *base, uint64_t addr, size_t len, GuestAccess access)
{
    CallMemory *memory = (CallMemory *)base;

    if (memory->n_ranges == CALL_RANGES_MAX || len > GUEST_CALL_BYTES_MAX - memory->total) {
        memory->too_large = true;
        return NULL;
    }
    CallRange *range = &memory->ranges[memory->n_ranges++];
    /* Allocate one byte more, so that an empty range is not NULL. */
    *range = (CallRange){addr, len, access, g_malloc0(len + 1)};
    memory->total += len;
    return bring(memory, range) ? range->copy : NULL;
}

static bool call_commit(GuestMemory *base)
{
    CallMemory *memory = (CallMemory *)base;

    if (memory->fault || memory->too_large || memory->denied || memory->postponed) {
        return false;
    }
    memory->postponed = memory->ops && memory->ops->may_act && !memory->ops->may_act(memory->data);
    return !memory->postponed;
}

static const GuestMemoryOps call_ops = {.map = call_map, .commit = call_commit};

void call_memory_init(CallMemory *memory, int fd, int denied)
{
    *memory = (CallMemory){.base.ops = &call_ops,
                           .fd = fd,
                           .denied = fd < 0 && !denied ? ESRCH : denied,
                           .carried_range = -1};
}

void call_memory_init_carried(CallMemory *memory, const CallCarried *carried,
                              const CallMemoryOps *ops, gpointer data)
{
    *memory = (CallMemory){.base.ops = &call_ops,
                           .fd = -1,
                           .ops = ops,
                           .data = data,
                           .carried = *carried,
                           .carried_range = -1};
}

/* Tell whether the kernel writes this range back. */
static bool is_replied(const CallMemory *memory, unsigned index)
{
    return memory->carried_range == (int)index;
}

bool call_memory_write(CallMemory *memory, unsigned n)
{
    unsigned written = 0;

    for (unsigned i = 0; i < memory->n_ranges && written < n; i++) {
        const CallRange *range = &memory->ranges[i];
        if (!(range->access & GUEST_OUT)) {
            continue;
        }
        if (!is_replied(memory, i) && !transfer(memory, range, write_some)) {
            memory->fault = true;
            return false;
        }
        written++;
    }
    return true;
}

const void *call_memory_reply(const CallMemory *memory, unsigned n, size_t *size)
{
    *size = 0;
    for (unsigned i = 0; i < memory->n_ranges && n > 0; i++) {
        const CallRange *range = &memory->ranges[i];
        if (!(range->access & GUEST_OUT)) {
            continue;
        }
        if (is_replied(memory, i)) {
            *size = range->len;
            return range->copy;
        }
        n--;
    }
    return NULL;
}

void call_memory_clear(CallMemory *memory)
{
    for (unsigned i = 0; i < memory->n_ranges; i++) {
        g_free(memory->ranges[i].copy);
    }
    memory->n_ranges = 0;
    if (memory->fd >= 0 && memory->ops) {
        memory->ops->close(memory->data, memory->fd);
    } else {
        close_if_open(memory->fd);
    }
    memory->fd = -1;
}
