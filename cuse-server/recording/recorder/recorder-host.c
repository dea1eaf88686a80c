/* SPDX-License-Identifier: Apache-2.0 */
/* The recorder's Host: passes each call on to the inner Host, and records it as an op of the thread's act. */
#include "cuse-server/recording/recorder/recorder-work.h"

/* Begin an op. It belongs to the thread's current act. If there is none, a new act of kind TRACE_HOST is begun for it. If
 * the act is full, the op is not added to it; see op_end(). */
static TraceOp *op_begin(Recorder *recorder, RecorderLive *live, TraceOpKind kind)
{
    if (!live->active) {
        recorder_begin_act(recorder, live, TRACE_HOST);
    }
    return trace_op_new(live->act->ops->len < TRACE_OPS_MAX ? live->act : NULL, kind);
}

static void op_end(Recorder *recorder, RecorderLive *live, TraceOp *op)
{
    if (live->act->ops->len == TRACE_OPS_MAX && trace_act_op(live->act, TRACE_OPS_MAX - 1) != op) {
        trace_op_free(op); /* the act was full */
    }
    if (!live->active) {
        recorder_write_act(recorder, live);
    }
}

static Host *inner_of(Host *host)
{
    return ((Recorder *)host)->inner;
}

static int record_open(Host *host, unsigned device, int flags)
{
    Recorder *recorder = (Recorder *)host;
    RecorderLive *live = recorder_live(recorder);
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
    RecorderLive *live = recorder_live(recorder);
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
    RecorderLive *live = recorder_live(recorder);
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
    RecorderLive *live = recorder_live(recorder);
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
    RecorderLive *live = recorder_live(recorder);
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
    RecorderLive *live = recorder_live(recorder);
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
    RecorderLive *live = recorder_live(recorder);
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
    RecorderLive *live = recorder_live(recorder);
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
    RecorderLive *live = recorder_live(recorder);
    TraceOp *op = op_begin(recorder, live, TRACE_OP_INSTALL);
    int error = inner_of(host)->ops->install(inner_of(host), tid, device, guest_fd, id);

    op->device = device;
    op->fd = error ? 0 : (uint32_t)*guest_fd;
    op->file = error ? 0 : *id;
    op->error = (uint32_t)error;
    op_end(recorder, live, op);
    return error;
}

const HostOps recorder_host_ops = {
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
