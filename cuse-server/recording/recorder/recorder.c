/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/recording/recorder/recorder.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cuse-server/recording/host-buffers.h"

/* #syscalls:worker write clock_gettime */

/*
 * Live: the act that a thread is carrying out for a guest.
 * @base: the guest memory that the handler uses; passes calls on to @memory
 * @act: what is known so far; NULL: no act has begun
 * @active: the thread is between the tap's begin() and the end of the act, or leave(): ops belong to @act
 * @began: when the act began, in nanoseconds of CLOCK_MONOTONIC
 */
typedef struct {
    GuestMemory base;
    GuestMemory *memory;
    TraceAct *act;
    bool active;
    uint64_t began;
    HostCopies copies;
} Live;

struct Recorder {
    Host host;
    ProxyTap tap;
    Host *inner;
    const DriverAbi *abi;
    int fd;
    uint64_t limit;
    uint64_t started;
    pthread_key_t live;
    GMutex lock; /* guards what follows, and the order of records */
    uint64_t written;
    bool stopped;
    GHashTable *processes; /* thread -> GuestProcess; emptied when a process may have ended */
};

G_STATIC_ASSERT(G_STRUCT_OFFSET(Recorder, host) == 0);
G_STATIC_ASSERT(G_STRUCT_OFFSET(Live, base) == 0);

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* --- the file --------------------------------------------------------------------------------- */

static void stop(Recorder *recorder, const char *why)
{
    recorder->stopped = true;
    g_printerr("nvcuse: the recording stops here: %s\n", why);
}

/* With the lock held. */
static void write_bytes(Recorder *recorder, const GByteArray *bytes)
{
    guint done = 0;

    while (done < bytes->len) {
        ssize_t n = write(recorder->fd, bytes->data + done, bytes->len - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            stop(recorder, n < 0 ? g_strerror(errno) : "nothing can be written");
            return;
        }
        done += (guint)n;
    }
    recorder->written += bytes->len;
}

static void write_record(Recorder *recorder, TraceRecordKind kind, const TraceAct *act)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    trace_record_encode(kind, act, bytes);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&recorder->lock);
    if (recorder->stopped) {
        return;
    }
    /* Always leave room for the record that marks the limit. */
    if (kind == TRACE_RECORD_ACT &&
        recorder->written + bytes->len + TRACE_HEAD_SIZE > recorder->limit) {
        g_byte_array_set_size(bytes, 0);
        trace_record_encode(TRACE_RECORD_LIMIT, NULL, bytes);
        write_bytes(recorder, bytes);
        stop(recorder, "it has reached its size limit (--record-limit)");
        return;
    }
    write_bytes(recorder, bytes);
}

/* --- acts ------------------------------------------------------------------------------------- */

static void live_free(void *data)
{
    Live *live = data;

    g_clear_pointer(&live->act, trace_act_free);
    g_free(live);
}

static Live *live_of(Recorder *recorder)
{
    Live *live = pthread_getspecific(recorder->live);

    if (!live) {
        live = g_new0(Live, 1);
        pthread_setspecific(recorder->live, live);
    }
    return live;
}

static void live_begin(const Recorder *recorder, Live *live, TraceActKind kind)
{
    g_clear_pointer(&live->act, trace_act_free);
    live->act = trace_act_new(kind);
    live->began = now();
    live->act->time = live->began - recorder->started;
    /* @left counts each buffer once, but the act holds it twice: before and after. */
    live->copies = (HostCopies){.left = TRACE_ACT_BYTES_MAX / 2};
}

static void live_write(Recorder *recorder, Live *live)
{
    live->active = false;
    write_record(recorder, TRACE_RECORD_ACT, live->act);
    g_clear_pointer(&live->act, trace_act_free);
}

/* Begin an op. It belongs to the thread's current act. If there is none, a new act of kind TRACE_HOST is begun for it. If
 * the act is full, the op is not added to it; see op_end(). */
static TraceOp *op_begin(Recorder *recorder, Live *live, TraceOpKind kind)
{
    if (!live->active) {
        live_begin(recorder, live, TRACE_HOST);
    }
    return trace_op_new(live->act->ops->len < TRACE_OPS_MAX ? live->act : NULL, kind);
}

static void op_end(Recorder *recorder, Live *live, TraceOp *op)
{
    if (live->act->ops->len == TRACE_OPS_MAX && trace_act_op(live->act, TRACE_OPS_MAX - 1) != op) {
        trace_op_free(op); /* the act was full */
    }
    if (!live->active) {
        live_write(recorder, live);
    }
}

/* --- the Host --------------------------------------------------------------------------------- */

static Host *inner_of(Host *host)
{
    return ((Recorder *)host)->inner;
}

static int record_open(Host *host, unsigned device, int flags)
{
    Recorder *recorder = (Recorder *)host;
    Live *live = live_of(recorder);
    TraceOp *op = op_begin(recorder, live, TRACE_OP_OPEN);
    int fd = inner_of(host)->ops->open(inner_of(host), device, flags);

    op->device = device;
    op->flags = (uint32_t)flags;
    op->fd = fd < 0 ? 0 : (uint32_t)fd;
    op->error = fd < 0 ? (uint32_t)-fd : 0;
    op_end(recorder, live, op);
    return fd;
}

static int record_follow(Host *host, int fd)
{
    return inner_of(host)->ops->follow(inner_of(host), fd);
}

static HostRemnant *record_close(Host *host, int fd)
{
    Recorder *recorder = (Recorder *)host;
    Live *live = live_of(recorder);
    TraceOp *op = op_begin(recorder, live, TRACE_OP_CLOSE);

    op->fd = (uint32_t)fd;
    HostRemnant *remnant = inner_of(host)->ops->close(inner_of(host), fd);
    op_end(recorder, live, op);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&recorder->lock);
    g_hash_table_remove_all(recorder->processes);
    return remnant;
}

static bool record_remains(Host *host, const HostRemnant *remnant)
{
    return inner_of(host)->ops->remains(inner_of(host), remnant);
}

static void record_forget(Host *host, HostRemnant *remnant)
{
    inner_of(host)->ops->forget(inner_of(host), remnant);
}

static int record_ioctl(Host *host, const HostCall *call)
{
    Recorder *recorder = (Recorder *)host;
    Live *live = live_of(recorder);
    TraceOp *op = op_begin(recorder, live, TRACE_OP_IOCTL);
    HostBuffers buffers;

    host_buffers_take(&buffers, op, &live->copies, call);
    int error = inner_of(host)->ops->ioctl(inner_of(host), call);
    op->error = (uint32_t)error;
    host_buffers_answer(&buffers, op);
    op_end(recorder, live, op);
    return error;
}

static int record_ioctl_in_guest(Host *host, pid_t tid, const HostCall *call)
{
    Recorder *recorder = (Recorder *)host;
    Live *live = live_of(recorder);
    TraceOp *op = op_begin(recorder, live, TRACE_OP_IOCTL_IN_GUEST);
    HostBuffers buffers;

    host_buffers_take(&buffers, op, &live->copies, call);
    int error = inner_of(host)->ops->ioctl_in_guest(inner_of(host), tid, call);
    op->error = (uint32_t)error;
    host_buffers_answer(&buffers, op);
    op_end(recorder, live, op);
    return error;
}

static unsigned record_poll(Host *host, int fd, unsigned events)
{
    Recorder *recorder = (Recorder *)host;
    Live *live = live_of(recorder);
    TraceOp *op = op_begin(recorder, live, TRACE_OP_POLL);

    op->fd = (uint32_t)fd;
    op->events = events;
    op->ready = inner_of(host)->ops->poll(inner_of(host), fd, events);
    unsigned ready = op->ready;
    op_end(recorder, live, op);
    return ready;
}

static void record_watch(Host *host, int fd, uint32_t id)
{
    inner_of(host)->ops->watch(inner_of(host), fd, id);
}

static int record_identify(Host *host, pid_t tid, int guest_fd, uint32_t *id)
{
    Recorder *recorder = (Recorder *)host;
    Live *live = live_of(recorder);
    TraceOp *op = op_begin(recorder, live, TRACE_OP_IDENTIFY);
    int error = inner_of(host)->ops->identify(inner_of(host), tid, guest_fd, id);

    op->fd = (uint32_t)guest_fd;
    op->file = error ? 0 : *id;
    op->error = (uint32_t)error;
    op_end(recorder, live, op);
    return error;
}

static int record_process(Host *host, pid_t tid, uint32_t uid, GuestProcess *process)
{
    Recorder *recorder = (Recorder *)host;
    Live *live = live_of(recorder);
    TraceOp *op = op_begin(recorder, live, TRACE_OP_PROCESS);
    int error = inner_of(host)->ops->process(inner_of(host), tid, uid, process);

    op->process = error ? 0 : process->id;
    op->uid = error ? 0 : process->uid;
    op->error = (uint32_t)error;
    op_end(recorder, live, op);
    return error;
}

static int record_number(Host *host, pid_t tid, uint64_t id, uint32_t *number)
{
    Recorder *recorder = (Recorder *)host;
    Live *live = live_of(recorder);
    TraceOp *op = op_begin(recorder, live, TRACE_OP_NUMBER);
    int error = inner_of(host)->ops->number(inner_of(host), tid, id, number);

    op->process = id;
    op->file = error ? 0 : *number;
    op->error = (uint32_t)error;
    op_end(recorder, live, op);
    return error;
}

static int record_install(Host *host, pid_t tid, unsigned device, int *guest_fd, uint32_t *id)
{
    Recorder *recorder = (Recorder *)host;
    Live *live = live_of(recorder);
    TraceOp *op = op_begin(recorder, live, TRACE_OP_INSTALL);
    int error = inner_of(host)->ops->install(inner_of(host), tid, device, guest_fd, id);

    op->device = device;
    op->fd = error ? 0 : (uint32_t)*guest_fd;
    op->file = error ? 0 : *id;
    op->error = (uint32_t)error;
    op_end(recorder, live, op);
    return error;
}

static const HostOps host_ops = {
    .open = record_open,
    .follow = record_follow,
    .ioctl = record_ioctl,
    .close = record_close,
    .remains = record_remains,
    .forget = record_forget,
    .poll = record_poll,
    .watch = record_watch,
    .identify = record_identify,
    .process = record_process,
    .number = record_number,
    .ioctl_in_guest = record_ioctl_in_guest,
    .install = record_install,
};

/* --- guest memory ----------------------------------------------------------------------------- */

static void note_range(Live *live, uint64_t addr, size_t len, GuestAccess access, void *copy)
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
    Live *live = (Live *)base;
    void *copy = live->memory->ops->map(live->memory, addr, len, access);

    note_range(live, addr, len, access, copy);
    return copy;
}

static bool memory_commit(GuestMemory *base)
{
    const Live *live = (const Live *)base;

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
    Live *live = live_of(recorder);

    live_begin(recorder, live, TRACE_IOCTL);
    live->active = true;
}

static GuestMemory *tap_memory(ProxyTap *tap, GuestMemory *memory)
{
    Live *live = live_of(recorder_of(tap));

    live->base.ops = &memory_ops;
    live->memory = memory;
    return &live->base;
}

static void tap_leave(ProxyTap *tap)
{
    live_of(recorder_of(tap))->active = false;
}

static void tap_opened(ProxyTap *tap, unsigned device, int flags, uint32_t file_id, int error)
{
    Recorder *recorder = recorder_of(tap);
    Live *live = live_of(recorder);

    live->act->kind = TRACE_OPEN;
    live->act->device = device;
    live->act->flags = (uint32_t)flags;
    live->act->file = file_id;
    live->act->error = (uint32_t)error;
    live_write(recorder, live);
}

static void tap_released(ProxyTap *tap, uint32_t file_id)
{
    Recorder *recorder = recorder_of(tap);
    Live *live = live_of(recorder);

    live->act->kind = TRACE_RELEASE;
    live->act->file = file_id;
    live_write(recorder, live);
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
static void note_written(Live *live, const Request *req)
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
    Live *live = live_of(recorder);

    if (!live->act) {
        live_begin(recorder, live, TRACE_IOCTL); /* its handler never ran: the caller was gone */
    }
    TraceAct *act = live->act;
    const GuestProcess process = find_process(recorder, req);
    act->duration = now() - live->began;
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
    live_write(recorder, live);
}

static void tap_mapped(ProxyTap *tap, uint32_t file_id, uint64_t length, uint64_t offset, int error)
{
    Recorder *recorder = recorder_of(tap);
    Live *live = live_of(recorder);

    live_begin(recorder, live, TRACE_MAP);
    live->act->file = file_id;
    live->act->length = length;
    live->act->offset = offset;
    live->act->error = (uint32_t)error;
    live_write(recorder, live);
}

static const ProxyTapOps tap_ops = {
    .begin = tap_begin,
    .memory = tap_memory,
    .leave = tap_leave,
    .opened = tap_opened,
    .released = tap_released,
    .answered = tap_answered,
    .mapped = tap_mapped,
};

/* --- the recorder ----------------------------------------------------------------------------- */

static void write_session(Recorder *recorder, const TraceSession *what)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    TraceSession session = *what;
    char driver[DRIVER_VERSION_MAX];
    char program[] = NVCUSE_VERSION;

    driver_version_format(driver_abi_node(recorder->abi)->version, driver);
    session.started = (uint64_t)g_get_real_time();
    session.driver = driver;
    session.program = program;
    trace_session_encode(&session, bytes);
    write_bytes(recorder, bytes);
}

Recorder *recorder_new(const RecorderConfig *config)
{
    Recorder *recorder = g_new0(Recorder, 1);

    recorder->host.ops = &host_ops;
    recorder->tap.ops = &tap_ops;
    recorder->inner = config->inner;
    recorder->abi = config->abi;
    recorder->fd = config->fd;
    recorder->limit = config->limit;
    recorder->started = now();
    recorder->processes = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    g_mutex_init(&recorder->lock);
    g_assert(pthread_key_create(&recorder->live, live_free) == 0);
    write_session(recorder, &config->session);
    return recorder;
}

Host *recorder_host(Recorder *recorder)
{
    return &recorder->host;
}

ProxyTap *recorder_tap(Recorder *recorder)
{
    return &recorder->tap;
}

void recorder_finish(Recorder *recorder)
{
    write_record(recorder, TRACE_RECORD_END, NULL);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&recorder->lock);
    recorder->stopped = true;
}

void recorder_free(Recorder *recorder)
{
    Live *live = pthread_getspecific(recorder->live);

    if (live) {
        live_free(live);
    }
    (void)pthread_key_delete(recorder->live);
    g_hash_table_unref(recorder->processes);
    g_mutex_clear(&recorder->lock);
    g_free(recorder);
}
