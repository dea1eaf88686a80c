/* SPDX-License-Identifier: Apache-2.0 */
/* The recorder's tap: records what guests do, and the guest memory that handlers ask for. */
#include <string.h>

#include "cuse-server/recording/recorder/recorder-work.h"

/* --- guest memory ----------------------------------------------------------------------------- */

static void note_range(RecorderLive *live, uint64_t addr, size_t len, GuestAccess access,
                       void *copy)
{
    TraceAct *act = live->act;

    if (act->n_ranges == TRACE_RANGES_MAX || len > live->copies.left) {
        return;
    }
    live->copies.left -= len;
    TraceRange *range = &act->ranges[act->n_ranges];
    *range =
        (TraceRange){.address = addr, .size = (uint32_t)len, .access = access, .absent = !copy};
    if (copy && (access & GUEST_IN)) {
        range->in = g_malloc0(len + 1);
        memcpy(range->in, copy, len);
    }
    live->copies.at[act->n_ranges] = copy;
    live->copies.size[act->n_ranges] = range->size;
    live->copies.n = ++act->n_ranges;
}

static void *memory_map(GuestMemory *base, uint64_t addr, size_t len, GuestAccess access)
{
    RecorderLive *live = (RecorderLive *)base;
    void *copy = live->memory->ops->map(live->memory, addr, len, access);

    note_range(live, addr, len, access, copy);
    return copy;
}

static bool memory_commit(GuestMemory *base)
{
    const RecorderLive *live = (const RecorderLive *)base;

    return live->memory->ops->commit(live->memory);
}

static const GuestMemoryOps memory_ops = {.map = memory_map, .commit = memory_commit};

/* --- the tap ---------------------------------------------------------------------------------- */

static Recorder *recorder_of(ProxyTap *tap)
{
    return (Recorder *)((char *)tap - offsetof(Recorder, tap));
}

static void tap_begin(ProxyTap *tap)
{
    Recorder *recorder = recorder_of(tap);
    RecorderLive *live = recorder_live(recorder);

    recorder_begin_act(recorder, live, TRACE_IOCTL);
    live->active = true;
}

static GuestMemory *tap_memory(ProxyTap *tap, GuestMemory *memory)
{
    RecorderLive *live = recorder_live(recorder_of(tap));

    live->base.ops = &memory_ops;
    live->memory = memory;
    return &live->base;
}

static void tap_leave(ProxyTap *tap)
{
    recorder_live(recorder_of(tap))->active = false;
}

static void tap_opened(ProxyTap *tap, unsigned device, int flags, uint32_t file_id, int error)
{
    Recorder *recorder = recorder_of(tap);
    RecorderLive *live = recorder_live(recorder);

    live->act->kind = TRACE_OPEN;
    live->act->device = device;
    live->act->flags = (uint32_t)flags;
    live->act->file = file_id;
    live->act->error = (uint32_t)error;
    recorder_write_act(recorder, live);
}

static void tap_released(ProxyTap *tap, uint32_t file_id)
{
    Recorder *recorder = recorder_of(tap);
    RecorderLive *live = recorder_live(recorder);

    live->act->kind = TRACE_RELEASE;
    live->act->file = file_id;
    recorder_write_act(recorder, live);
}

/* Find out which process called. Use what the handler has found out. Otherwise ask the host, once for each thread. */
static GuestProcess find_process(Recorder *recorder, const Request *req)
{
    GuestProcess process = req->process;
    gpointer key = GINT_TO_POINTER(req->tid);

    g_mutex_lock(&recorder->lock);
    const GuestProcess *known = g_hash_table_lookup(recorder->processes, key);
    if (known && !process.id) {
        process = *known;
    }
    g_mutex_unlock(&recorder->lock);
    /* A call that did not commit may be on a thread that must not wait, so do not ask the host then. */
    if (process.id || !req->committed ||
        recorder->inner->ops->process(recorder->inner, req->tid, req->uid, &process) != 0) {
        return process;
    }
    g_mutex_lock(&recorder->lock);
    g_hash_table_insert(recorder->processes, key, g_memdup2(&process, sizeof process));
    g_mutex_unlock(&recorder->lock);
    return process;
}

/* Record what is written back to the guest; see RequestResult. */
static void note_written(RecorderLive *live, const Request *req)
{
    unsigned written = 0;

    for (uint32_t i = 0; !req->error && i < live->act->n_ranges; i++) {
        TraceRange *range = &live->act->ranges[i];
        const void *copy = live->copies.at[i];
        if (!(range->access & GUEST_OUT) || written++ >= req->write_back || !copy) {
            continue;
        }
        range->written = true;
        range->out = g_malloc0((size_t)range->size + 1);
        memcpy(range->out, copy, range->size);
    }
}

static void tap_answered(ProxyTap *tap, Request *req)
{
    Recorder *recorder = recorder_of(tap);
    RecorderLive *live = recorder_live(recorder);

    if (!live->act) {
        recorder_begin_act(recorder, live,
                           TRACE_IOCTL); /* its handler never ran: the caller was gone */
    }
    TraceAct *act = live->act;
    const GuestProcess process = find_process(recorder, req);
    act->duration = recorder_now() - live->began;
    act->tid = (uint32_t)req->tid;
    act->process = process.id;
    act->uid = process.uid;
    act->file = req->file->id;
    act->command = req->command;
    act->argument = req->argument;
    act->committed = req->committed;
    act->error = (uint32_t)req->error;
    act->status = req->event.status;
    act->refusal = req->event.refusal;
    note_written(live, req);
    recorder_write_act(recorder, live);
}

static void tap_mapped(ProxyTap *tap, uint32_t file_id, uint64_t length, uint64_t offset, int error)
{
    Recorder *recorder = recorder_of(tap);
    RecorderLive *live = recorder_live(recorder);

    recorder_begin_act(recorder, live, TRACE_MAP);
    live->act->file = file_id;
    live->act->length = length;
    live->act->offset = offset;
    live->act->error = (uint32_t)error;
    recorder_write_act(recorder, live);
}

const ProxyTapOps recorder_tap_ops = {
    .begin = tap_begin,
    .memory = tap_memory,
    .leave = tap_leave,
    .opened = tap_opened,
    .released = tap_released,
    .answered = tap_answered,
    .mapped = tap_mapped,
};
