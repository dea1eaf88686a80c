/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/recording/replay/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

#include "cuse-server/proxy/proxy.h"
#include "cuse-server/recording/host-buffers.h"

/*
 * Replay: "then" is the time of the recording.
 * @memory: the guest memory of the act that is played
 * @files: a file's id then -> its id now
 * @act: the act that is played
 * @next: index of the first of its ops that has not been made yet
 * @difference: the first difference; NULL: none so far
 * @copies: private copies of guest memory, in the order in which the handler asked for them
 * @ranges: for each copy, the index of the act's range that it is a copy of
 * @faulted: the handler asked for memory that could not be read then, or that is not recorded
 */
struct Replay {
    Host host;
    GuestMemory memory;
    const TraceSession *session;
    TraceNames *names;
    Proxy proxy;
    GHashTable *files;
    uint64_t host_calls;

    const TraceAct *act;
    unsigned next;
    char *difference;
    HostCopies copies;
    uint32_t ranges[TRACE_RANGES_MAX];
    bool faulted;
};

G_STATIC_ASSERT(G_STRUCT_OFFSET(Replay, host) == 0);

static void G_GNUC_PRINTF(2, 3) differ(Replay *replay, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (!replay->difference) {
        replay->difference = g_strdup_vprintf(format, arguments);
    }
    va_end(arguments);
}

/* --- the host, as it answered then ------------------------------------------------------------ */

/* Get the next op that is not a close, or NULL. Closes are skipped: a file is closed with its last reference, which may
 * be dropped somewhat sooner or later than then. */
static const TraceOp *next_op(Replay *replay)
{
    while (replay->next < replay->act->ops->len) {
        const TraceOp *op = trace_act_op(replay->act, replay->next);
        if (op->kind != TRACE_OP_CLOSE) {
            return op;
        }
        replay->next++;
    }
    return NULL;
}

/* Take the next op if it is of this kind. Otherwise note a difference and return NULL. */
static const TraceOp *expect(Replay *replay, TraceOpKind kind)
{
    const TraceOp *op = next_op(replay);

    if (!op || op->kind != (uint32_t)kind) {
        differ(replay, "the host is asked: %s; recorded is: %s", trace_op_name(kind),
               op ? trace_op_name(op->kind) : "nothing more");
        return NULL;
    }
    replay->next++;
    replay->host_calls++;
    return op;
}

static void compare_number(Replay *replay, const char *what, uint64_t recorded, uint64_t now)
{
    if (recorded != now) {
        differ(replay, "%s: recorded 0x%" G_GINT64_MODIFIER "x, now 0x%" G_GINT64_MODIFIER "x",
               what, recorded, now);
    }
}

static int replay_open(Host *host, unsigned device, int flags)
{
    Replay *replay = (Replay *)host;
    const TraceOp *op = expect(replay, TRACE_OP_OPEN);

    if (!op) {
        return -EIO;
    }
    compare_number(replay, "the opened device", op->device, device);
    compare_number(replay, "the open's flags", op->flags, (uint32_t)flags);
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
    differ(replay, "buffer %u for the host, %s, member %s, offset %u: recorded 0x%02x, now 0x%02x",
           index, layout ? layout->name : "bytes", member, offset, recorded->before[offset], now);
}

static void compare_buffer(Replay *replay, unsigned index, const TraceBuffer *recorded,
                           const TraceBuffer *now)
{
    if (recorded->size != now->size) {
        differ(replay, "buffer %u for the host: recorded %u bytes, now %u", index, recorded->size,
               now->size);
        return;
    }
    compare_number(replay, "pointers in a buffer for the host", recorded->n_pointers,
                   now->n_pointers);
    for (uint32_t i = 0; i < MIN(recorded->n_pointers, now->n_pointers); i++) {
        compare_number(replay, "where a pointer is", recorded->pointers[i].offset,
                       now->pointers[i].offset);
        compare_number(replay, "what a pointer leads to", recorded->pointers[i].target,
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
    compare_number(replay, "the host's file", op->fd, now->fd);
    compare_number(replay, "the command for the host", op->command, now->command);
    compare_number(replay, "buffers for the host", op->buffers ? op->buffers->len : 0, buffers.n);
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

static uint32_t id_now(const Replay *replay, uint32_t id_then)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(replay->files, GUINT_TO_POINTER(id_then)));
}

static void know_file(Replay *replay, uint32_t id_then, uint32_t id)
{
    g_hash_table_insert(replay->files, GUINT_TO_POINTER(id_then), GUINT_TO_POINTER(id));
}

static int replay_identify(Host *host, pid_t tid, int guest_fd, uint32_t *id)
{
    Replay *replay = (Replay *)host;
    const TraceOp *op = expect(replay, TRACE_OP_IDENTIFY);

    (void)tid;
    if (!op) {
        return EBADF;
    }
    compare_number(replay, "the guest's descriptor", op->fd, (uint32_t)guest_fd);
    *id = id_now(replay, op->file);
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
    const TraceOp *op = next_op(replay);

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
    compare_number(replay, "the device that is opened for the guest", op->device, device);
    int error = op->error ? (int)op->error : proxy_open(&replay->proxy, device, O_RDWR, &file);
    if (!error) {
        *guest_fd = (int)op->fd;
        *id = file->id;
        know_file(replay, op->file, file->id);
    }
    return error;
}

static const HostOps host_ops = {
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

/* --- the guest's memory ----------------------------------------------------------------------- */

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
        differ(replay,
               "the handler asks for %zu bytes at 0x%" G_GINT64_MODIFIER
               "x, which are not recorded",
               len, addr);
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

static const GuestMemoryOps memory_ops = {.map = replay_map, .commit = replay_commit};

/* Compare what is written back to the guest. */
static void compare_written(Replay *replay, const Request *req)
{
    unsigned written = 0;

    for (unsigned i = 0; i < replay->copies.n; i++) {
        const TraceRange *range = &replay->act->ranges[replay->ranges[i]];
        bool now = (range->access & GUEST_OUT) && !req->error && written < req->write_back &&
                   replay->copies.at[i];
        written += (range->access & GUEST_OUT) != 0;
        compare_number(replay, "whether guest memory is written", range->written, now);
        if (now && range->written &&
            memcmp(replay->copies.at[i], range->out, replay->copies.size[i]) != 0) {
            differ(replay, "what the guest gets back at 0x%" G_GINT64_MODIFIER "x is different",
                   range->address);
        }
    }
}

static void clear_copies(Replay *replay)
{
    for (unsigned i = 0; i < replay->copies.n; i++) {
        g_free(replay->copies.at[i]);
    }
}

/* --- acts ------------------------------------------------------------------------------------- */

static void play_open(Replay *replay, const TraceAct *act)
{
    g_autoptr(NvFile) file = NULL;

    if (act->device >= replay->session->n_devices) {
        differ(replay, "the recording has no device %u", act->device);
        return;
    }
    int error = proxy_open(&replay->proxy, act->device, (int)act->flags, &file);
    compare_number(replay, "errno", act->error, (uint32_t)error);
    if (file) {
        know_file(replay, act->file, file->id);
    }
}

static NvFile *find_file(Replay *replay, const TraceAct *act)
{
    NvFile *file = nv_file_table_get(replay->proxy.files, id_now(replay, act->file));

    if (!file) {
        differ(replay, "file %u is not open", act->file);
    }
    return file;
}

/* Set the errno as the transport would: EFAULT if guest memory cannot be read, or if the guest got EFAULT then, for
 * example because its memory could not be written. */
static int settle_error(const Replay *replay, const Request *req, RequestResult result)
{
    if (replay->faulted || result == REQUEST_RETRY) {
        return EFAULT;
    }
    return replay->act->error == EFAULT ? EFAULT : req->error;
}

static void play_ioctl(Replay *replay, const TraceAct *act)
{
    g_autoptr(NvFile) file = find_file(replay, act);

    if (!file) {
        return;
    }
    Request req = {
        .proxy = &replay->proxy,
        .file = file,
        .command = act->command,
        .argument = act->argument,
        .tid = (pid_t)act->tid,
        .memory = &replay->memory,
    };
    replay->copies = (HostCopies){.left = TRACE_ACT_BYTES_MAX / 2};
    replay->faulted = false;
    RequestResult result = proxy_ioctl(&req);
    req.error = settle_error(replay, &req, result);
    compare_number(replay, "errno", act->error, (uint32_t)req.error);
    if (!req.error) {
        compare_number(replay, "NvStatus", act->status, req.event.status);
        compare_number(replay, "the reason of the refusal", act->refusal, req.event.refusal);
    }
    compare_written(replay, &req);
    clear_copies(replay);
}

static void play_map(Replay *replay, const TraceAct *act)
{
    g_autoptr(NvFile) file = find_file(replay, act);

    if (file) {
        compare_number(replay, "errno", act->error,
                       (uint32_t)proxy_map(&replay->proxy, file, act->length, act->offset));
    }
}

char *replay_act(Replay *replay, const TraceAct *act)
{
    replay->act = act;
    replay->next = 0;
    switch (act->kind) {
    case TRACE_OPEN:
        play_open(replay, act);
        break;
    case TRACE_RELEASE:
        proxy_release(&replay->proxy, id_now(replay, act->file));
        g_hash_table_remove(replay->files, GUINT_TO_POINTER(act->file));
        break;
    case TRACE_IOCTL:
        play_ioctl(replay, act);
        break;
    case TRACE_MAP:
        play_map(replay, act);
        break;
    default:
        return NULL; /* TRACE_HOST: polls, and closes of files that were still referenced when the guest closed them */
    }
    const TraceOp *left = next_op(replay);
    if (left) {
        differ(replay, "the host is not asked any more: %s", trace_op_name(left->kind));
    }
    return g_steal_pointer(&replay->difference);
}

uint64_t replay_host_calls(const Replay *replay)
{
    return replay->host_calls;
}

Replay *replay_new(const TraceSession *session, TraceNames *names)
{
    const ProxyLimits limits = {PROXY_FILES_DEFAULT,
                                {PROXY_CLIENTS_DEFAULT, PROXY_OBJECTS_DEFAULT}};
    Replay *replay = g_new0(Replay, 1);

    replay->host.ops = &host_ops;
    replay->memory.ops = &memory_ops;
    replay->session = session;
    replay->names = names;
    replay->files = g_hash_table_new(NULL, NULL);
    proxy_init(&replay->proxy, trace_names_abi(names), session->caps, session->devices,
               session->n_devices, &limits, &replay->host);
    replay->proxy.share_uvm = session->share_uvm;
    if (session->scoped) {
        proxy_scope_gpus(&replay->proxy);
    }
    return replay;
}

void replay_free(Replay *replay)
{
    proxy_clear(&replay->proxy);
    g_hash_table_unref(replay->files);
    g_free(replay->difference);
    g_free(replay);
}
