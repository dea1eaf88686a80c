/* SPDX-License-Identifier: Apache-2.0 */
/* The Host of a replay: compares each call with the recorded one, and answers as the recorded host did. */
#include <errno.h>
#include <fcntl.h>

#include "cuse-server/recording/replay/replay-work.h"

/* Take the next op if it is of this kind. Otherwise note a difference and return NULL. */
static const TraceOp *expect(Replay *replay, TraceOpKind kind)
{
    const TraceOp *op = replay_next_op(replay);

    if (!op || op->kind != (uint32_t)kind) {
        replay_differ(replay, "call of the host: recorded %s, now %s",
                      op ? trace_op_name(op->kind) : "none", trace_op_name(kind));
        return NULL;
    }
    replay->next++;
    replay->host_calls++;
    return op;
}

static int replay_open(Host *host, unsigned device, int flags)
{
    Replay *replay = (Replay *)host;
    const TraceOp *op = expect(replay, TRACE_OP_OPEN);

    if (!op) {
        return -EIO;
    }
    replay_compare(replay, "device of the open", op->device, device);
    replay_compare(replay, "flags of the open", op->flags, (uint32_t)flags);
    if (op->error > 0 && op->error < 4096) {
        return -(int)op->error;
    }
    return op->fd <= INT32_MAX ? (int)op->fd : -EIO;
}

/* Do nothing: a recording does not contain how long the driver keeps a file. */
static int replay_follow(Host *host, int fd)
{
    (void)host;
    (void)fd;
    return 0;
}

static HostRemnant *replay_close(Host *host, int fd)
{
    (void)host;
    (void)fd;
    return NULL;
}

static unsigned replay_poll(Host *host, int fd, unsigned events)
{
    (void)host;
    (void)fd;
    (void)events;
    return 0; /* polls are not played */
}

static void replay_watch(Host *host, int fd, uint32_t id)
{
    (void)host;
    (void)fd;
    (void)id;
}

static void differ_at(Replay *replay, const TraceBuffer *recorded, unsigned index, uint32_t offset,
                      uint8_t now)
{
    TraceCall call;

    trace_names_call(replay->names, replay->act, &call);
    const AbiLayout *layout = trace_call_buffer_layout(&call, replay->act, recorded);
    const GArray *leaves = trace_names_leaves(replay->names, layout);
    const char *member = "?";
    for (guint i = 0; leaves && i < leaves->len; i++) {
        const TraceLeaf *leaf = &g_array_index(leaves, TraceLeaf, i);
        if (offset >= leaf->offset && offset - leaf->offset < leaf->size) {
            member = leaf->path;
        }
    }
    replay_differ(
        replay, "buffer %u for the host, %s, member %s, offset %u: recorded 0x%02x, now 0x%02x",
        index, layout ? layout->name : "bytes", member, offset, recorded->before[offset], now);
}

static void compare_buffer(Replay *replay, unsigned index, const TraceBuffer *recorded,
                           const TraceBuffer *now)
{
    if (recorded->size != now->size) {
        replay_differ(replay, "buffer %u for the host: recorded %u bytes, now %u", index,
                      recorded->size, now->size);
        return;
    }
    replay_compare(replay, "number of pointers in a buffer for the host", recorded->n_pointers,
                   now->n_pointers);
    for (uint32_t i = 0; i < MIN(recorded->n_pointers, now->n_pointers); i++) {
        replay_compare(replay, "offset of a pointer", recorded->pointers[i].offset,
                       now->pointers[i].offset);
        replay_compare(replay, "buffer that a pointer leads to", recorded->pointers[i].target,
                       now->pointers[i].target);
    }
    for (uint32_t i = 0; i < recorded->size; i++) {
        if (recorded->before[i] != now->before[i]) {
            differ_at(replay, recorded, index, i, now->before[i]);
            return;
        }
    }
}

static bool is_pointer(const TraceBuffer *buffer, uint32_t offset)
{
    for (uint32_t i = 0; i < buffer->n_pointers; i++) {
        if (buffer->pointers[i].offset == offset) {
            return true;
        }
    }
    return false;
}

/* Copy the recorded answer into the handler's buffer. The handler's pointers in the buffer stay as they are. */
static void give_answer(const TraceBuffer *recorded, const TraceBuffer *now, uint8_t *at)
{
    uint32_t size = MIN(recorded->size, now->size);

    for (uint32_t i = 0; i < size;) {
        if (is_pointer(now, i)) {
            i += sizeof(uint64_t);
        } else {
            at[i] = recorded->after[i];
            i++;
        }
    }
}

static int answer_ioctl(Replay *replay, TraceOpKind kind, const HostCall *call)
{
    const TraceOp *op = expect(replay, kind);
    HostBuffers buffers;

    if (!op) {
        return EIO;
    }
    TraceOp *now = trace_op_new(NULL, kind);
    host_buffers_take(&buffers, now, &replay->copies, call);
    replay_compare(replay, "file of the host", op->fd, now->fd);
    replay_compare(replay, "command for the host", op->command, now->command);
    replay_compare(replay, "number of buffers for the host", op->buffers ? op->buffers->len : 0,
                   buffers.n);
    for (unsigned i = 0; op->buffers && i < MIN(op->buffers->len, buffers.n); i++) {
        compare_buffer(replay, i, trace_op_buffer(op, i), trace_op_buffer(now, i));
        give_answer(trace_op_buffer(op, i), trace_op_buffer(now, i), buffers.at[i]);
    }
    trace_op_free(now);
    return (int)op->error;
}

static int replay_ioctl(Host *host, const HostCall *call)
{
    return answer_ioctl((Replay *)host, TRACE_OP_IOCTL, call);
}

static int replay_ioctl_in_guest(Host *host, pid_t tid, const HostCall *call)
{
    (void)tid;
    return answer_ioctl((Replay *)host, TRACE_OP_IOCTL_IN_GUEST, call);
}

static int replay_identify(Host *host, pid_t tid, int guest_fd, uint32_t *id)
{
    Replay *replay = (Replay *)host;
    const TraceOp *op = expect(replay, TRACE_OP_IDENTIFY);

    (void)tid;
    if (!op) {
        return EBADF;
    }
    replay_compare(replay, "descriptor of the guest", op->fd, (uint32_t)guest_fd);
    *id = replay_id_now(replay, op->file);
    return (int)op->error;
}

static int replay_process(Host *host, pid_t tid, uint32_t uid, GuestProcess *process)
{
    const TraceOp *op = expect((Replay *)host, TRACE_OP_PROCESS);

    (void)tid;
    (void)uid;
    if (!op) {
        return ESRCH;
    }
    *process = (GuestProcess){.id = op->process, .uid = op->uid};
    return (int)op->error;
}

/* Answer from the recording if the op is there. Old recordings do not have it, so its absence is not a difference. */
static int replay_number(Host *host, pid_t tid, uint64_t id, uint32_t *number)
{
    Replay *replay = (Replay *)host;
    const TraceOp *op = replay_next_op(replay);

    (void)tid;
    (void)id;
    if (!op || op->kind != TRACE_OP_NUMBER) {
        return ESRCH;
    }
    replay->next++;
    replay->host_calls++;
    *number = op->file;
    return (int)op->error;
}

static int replay_install(Host *host, pid_t tid, unsigned device, int *guest_fd, uint32_t *id)
{
    Replay *replay = (Replay *)host;
    const TraceOp *op = expect(replay, TRACE_OP_INSTALL);
    g_autoptr(NvFile) file = NULL;

    (void)tid;
    if (!op) {
        return EIO;
    }
    replay_compare(replay, "device that is opened for the guest", op->device, device);
    int error = op->error ? (int)op->error : proxy_open(&replay->proxy, device, O_RDWR, &file);
    if (!error) {
        *guest_fd = (int)op->fd;
        *id = file->id;
        replay_know_file(replay, op->file, file->id);
    }
    return error;
}

const HostOps replay_host_ops = {
    .open = replay_open,
    .follow = replay_follow,
    .ioctl = replay_ioctl,
    .close = replay_close,
    .poll = replay_poll,
    .watch = replay_watch,
    .identify = replay_identify,
    .process = replay_process,
    .number = replay_number,
    .ioctl_in_guest = replay_ioctl_in_guest,
    .install = replay_install,
};
