/* SPDX-License-Identifier: Apache-2.0 */
/* The guest memory of a replay: holds what the recorded guest's memory held. */
#include <string.h>

#include "cuse-server/recording/replay/replay-work.h"

static Replay *replay_of(GuestMemory *memory)
{
    return (Replay *)((char *)memory - offsetof(Replay, memory));
}

static bool is_used(const Replay *replay, uint32_t range)
{
    for (unsigned i = 0; i < replay->copies.n; i++) {
        if (replay->ranges[i] == range) {
            return true;
        }
    }
    return false;
}

/* Find the recorded range that the handler asks for. Skip ranges that are in use: a handler may have asked for the same
 * memory twice. */
static const TraceRange *find_range(const Replay *replay, uint64_t addr, size_t len,
                                    uint32_t *index)
{
    for (*index = 0; *index < replay->act->n_ranges; (*index)++) {
        const TraceRange *range = &replay->act->ranges[*index];
        if (range->address == addr && range->size >= len && !is_used(replay, *index)) {
            return range;
        }
    }
    return NULL;
}

static void *replay_map(GuestMemory *memory, uint64_t addr, size_t len, GuestAccess access)
{
    Replay *replay = replay_of(memory);
    uint32_t index;
    const TraceRange *range = find_range(replay, addr, len, &index);

    if (!range || replay->copies.n == TRACE_RANGES_MAX) {
        replay_differ(replay,
                      "guest memory at 0x%" G_GINT64_MODIFIER
                      "x: the handler asks for %zu bytes that are not in the recording",
                      addr, len);
        replay->faulted = true;
        return NULL;
    }
    uint8_t *copy = range->absent ? NULL : g_malloc0(len + 1);
    if (copy && (access & GUEST_IN) && range->in) {
        memcpy(copy, range->in, len);
    }
    replay->faulted |= range->absent;
    replay->ranges[replay->copies.n] = index;
    replay->copies.at[replay->copies.n] = copy;
    replay->copies.size[replay->copies.n++] = (uint32_t)len;
    return copy;
}

static bool replay_commit(GuestMemory *memory)
{
    return !replay_of(memory)->faulted;
}

const GuestMemoryOps replay_memory_ops = {.map = replay_map, .commit = replay_commit};

/* Compare what is written back to the guest. */
void replay_compare_written(Replay *replay, const Request *req)
{
    unsigned written = 0;

    for (unsigned i = 0; i < replay->copies.n; i++) {
        const TraceRange *range = &replay->act->ranges[replay->ranges[i]];
        bool now = (range->access & GUEST_OUT) && !req->error && written < req->write_back &&
                   replay->copies.at[i];
        written += (range->access & GUEST_OUT) != 0;
        replay_compare(replay, "guest memory is written (1) or not (0)", range->written, now);
        if (now && range->written &&
            memcmp(replay->copies.at[i], range->out, replay->copies.size[i]) != 0) {
            replay_differ(replay,
                          "guest memory at 0x%" G_GINT64_MODIFIER
                          "x: other bytes are written than recorded",
                          range->address);
        }
    }
}

void replay_clear_copies(Replay *replay)
{
    for (unsigned i = 0; i < replay->copies.n; i++) {
        g_free(replay->copies.at[i]);
    }
}
