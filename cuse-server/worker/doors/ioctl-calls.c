/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/worker/doors/ioctl-calls.h"

#include <errno.h>
#include <linux/fuse.h>
#include <string.h>
#include <unistd.h>

#include "cuse-server/worker/doors/whole-call.h"
#include "cuse-server/worker/memory/lent-memory.h"
#include "cuse-server/worker/memory/retry-memory.h"

/* #syscalls:worker writev close */

static CallContext *context_of(fuse_req_t fuse)
{
    const CallSource *source = fuse_req_userdata(fuse);

    return source->context;
}

/* One round of an ioctl, kept for another thread. @in: a copy of the round's data */
typedef struct {
    CallJob base;
    Request request;
    size_t in_size;
    size_t out_size;
    uint8_t in[];
} IoctlJob;

static void reply_retry(fuse_req_t fuse, const RetryMemory *memory)
{
    struct iovec in[RETRY_RANGES_MAX];
    struct iovec out[RETRY_RANGES_MAX];
    size_t n_in;
    size_t n_out;

    retry_memory_lists(memory, in, &n_in, out, &n_out);
    fuse_reply_ioctl_retry(fuse, in, n_in, out, n_out);
}

static void reply_answer(CallContext *context, fuse_req_t fuse, Request *request,
                         const RetryMemory *memory)
{
    struct iovec iov[RETRY_RANGES_MAX];

    proxy_answered(request);
    call_log_ioctl(context, request);
    if (request->error) {
        fuse_reply_err(fuse, request->error);
    } else {
        size_t n = retry_memory_reply(memory, request->write_back, iov);
        fuse_reply_ioctl_iov(fuse, 0, iov, (int)n);
    }
}

/*
 * Turn: one round of a call, in the thread that carries it out.
 * @file: the file's id
 * @may_wait: this thread is not a reader, and may wait for others
 * @acting: the handler may act, and the caller's signals reach it through @call
 * @lent: the caller's memory, once it has been asked for
 */
typedef struct {
    CallContext *context;
    fuse_req_t fuse;
    uint32_t file;
    bool may_wait;
    bool acting;
    InterruptibleCall call;
    LentMemory *lent;
} Turn;

static void on_interrupt(fuse_req_t fuse, void *data)
{
    (void)fuse;
    interrupts_raise(data);
}

/* Begin to act, if this thread may wait. Returns false if it may not. */
static bool turn_act(gpointer data)
{
    Turn *turn = data;

    if (!turn->acting && (turn->may_wait || reader_pool_may_wait(turn->context->pool))) {
        turn->acting = true;
        interrupts_begin(turn->context->interrupts, &turn->call);
        fuse_req_interrupt_func(turn->fuse, on_interrupt, &turn->call);
    }
    return turn->acting;
}

/* Stop listening for the caller's signals. Call this before answering: the answer ends the request. */
static void turn_end(Turn *turn)
{
    if (turn->acting) {
        turn->acting = false;
        /* Returns only when no on_interrupt() is running any more. */
        fuse_req_interrupt_func(turn->fuse, NULL, NULL);
        interrupts_end(&turn->call);
    }
}

static RequestResult act(Request *request, void *data)
{
    RequestResult result = proxy_ioctl(request);

    turn_end(data);
    return result;
}

/* --- memory by the broker ---------------------------------------------------------------------- */

/* Ask the broker for the caller's memory, and keep the answer if it may be kept. Returns 0 or an errno. */
static int ask_for_memory(Turn *turn, const LentKey *key)
{
    LentMemories *lent = turn->context->lent;
    const uint64_t asked = lent_memories_ask(lent);
    BrokerMemory memory;
    int error = broker_link_memory(turn->context->link, key->tid, &memory);

    if (error) {
        return error;
    }
    /* The caller's other threads may meanwhile have put another of our files at this descriptor's number. The broker has
     * then checked that other file, and its answer does not hold for this one. */
    if (memory.file != key->file) {
        close(memory.memory);
        close(memory.thread);
        return EPERM;
    }
    const Lent answer = {memory.lending, memory.memory, memory.thread, memory.process};
    turn->lent =
        memory.lending ? lent_memories_keep(lent, key, asked, &answer) : lent_memory_new(&answer);
    return 0;
}

/* Get a descriptor of the caller's memory. Only a thread that may wait does this: reading the memory may wait for whatever
 * process or file system provides a page of it. */
static int open_memory(gpointer data, int *fd)
{
    Turn *turn = data;
    const struct fuse_ctx *caller = fuse_req_ctx(turn->fuse);
    const LentKey key = {turn->file, caller->pid, caller->uid, caller->gid};
    int error = 0;

    if (!turn_act(turn)) {
        return EAGAIN;
    }
    turn->lent = lent_memories_find(turn->context->lent, &key);
    if (!turn->lent) {
        error = ask_for_memory(turn, &key);
    }
    *fd = turn->lent ? turn->lent->lent.memory : -1;
    return error;
}

static void close_memory(gpointer data, int fd)
{
    Turn *turn = data;

    (void)fd;
    g_clear_pointer(&turn->lent, lent_memory_unref);
}

static const CallMemoryOps memory_ops = {
    .open = open_memory, .close = close_memory, .may_act = turn_act};

static void reply_whole(Turn *turn, const Request *request, const CallMemory *memory)
{
    size_t size;
    const void *reply = call_memory_reply(memory, request->write_back, &size);

    call_log_ioctl(turn->context, request);
    if (request->error) {
        fuse_reply_err(turn->fuse, request->error);
    } else {
        fuse_reply_ioctl(turn->fuse, 0, reply, size);
    }
}

/*
 * Run a call from the top on the caller's memory: the part that the kernel has copied, and the rest by the broker. Returns
 * false, with nothing answered, if this thread would have to wait and may not.
 */
static bool run_whole(Turn *turn, Request *request, const CallCarried *carried)
{
    CallMemory memory;

    call_memory_init_carried(&memory, carried, &memory_ops, turn);
    bool answered = whole_call_run(&memory, request, act, turn);
    turn_end(turn);
    if (answered) {
        reply_whole(turn, request, &memory);
    }
    call_memory_clear(&memory);
    return answered;
}

static bool run_direct(Turn *turn, Request *request, const void *in, size_t in_size,
                       size_t out_size)
{
    const CallCarried carried = {request->argument, in, in_size, out_size};

    return run_whole(turn, request, &carried);
}

/* --- memory by the kernel's retry (CUSE) -------------------------------------------------------- */

/* Run a call that needs more memory than the kernel carries: start once more from the top, with all memory by the broker. */
static bool run_too_large(Turn *turn, Request *request)
{
    const CallCarried none = {0};

    return turn_act(turn) && run_whole(turn, request, &none);
}

/*
 * Run one round. Returns false, with nothing answered, if the handler could act now (all memory is
 * here, or it is more than the kernel carries) and this thread may not.
 */
static bool run_retry(Turn *turn, Request *request, const void *in, size_t in_size, size_t out_size)
{
    RetryMemory memory;
    bool answered = true;

    retry_memory_init(&memory, in, in_size, out_size, false);
    memory.may_act = turn_act;
    memory.may_act_data = turn;
    request->memory = &memory.base;
    RequestResult result = proxy_ioctl(request);
    if (memory.too_large) {
        answered = run_too_large(turn, request);
    } else if (result == REQUEST_DONE && (request->error || retry_memory_matches(&memory))) {
        turn_end(turn);
        reply_answer(turn->context, turn->fuse, request, &memory);
    } else if (!retry_memory_matches(&memory)) {
        turn_end(turn);
        reply_retry(turn->fuse, &memory);
    } else {
        answered = false;
    }
    retry_memory_clear(&memory);
    return answered;
}

/* --- both ways to memory ---------------------------------------------------------------------- */

/* Run one round, in the way that the source uses for its callers' memory. */
static bool run_round(Turn *turn, Request *request, const void *in, size_t in_size, size_t out_size)
{
    const CallSource *source = fuse_req_userdata(turn->fuse);

    return source->memory == GUEST_MEMORY_RETRY ? run_retry(turn, request, in, in_size, out_size)
                                                : run_direct(turn, request, in, in_size, out_size);
}

static void run_ioctl(CallContext *context, gpointer data)
{
    g_autofree IoctlJob *job = data;
    Turn turn = {.context = context,
                 .fuse = job->base.fuse,
                 .file = job->request.file->id,
                 .may_wait = true};

    run_round(&turn, &job->request, job->in, job->in_size, job->out_size);
    nv_file_unref(job->request.file);
}

static void leave_ioctl(CallContext *context, fuse_req_t fuse, const Request *request,
                        const void *in, size_t in_size, size_t out_size)
{
    IoctlJob *job = g_malloc(sizeof *job + in_size);

    job->base = (CallJob){run_ioctl, fuse};
    job->request = *request;
    nv_file_ref(job->request.file);
    job->in_size = in_size;
    job->out_size = out_size;
    if (in_size) {
        memcpy(job->in, in, in_size);
    }
    reader_pool_leave(context->pool, job);
}

void ioctl_call(fuse_req_t fuse, const struct fuse_file_info *info, const IoctlData *data)
{
    CallContext *context = context_of(fuse);
    Request request = {
        .proxy = context->proxy,
        .file = file_call_of(info),
        .command = data->command,
        .argument = data->argument,
        .tid = fuse_req_ctx(fuse)->pid,
        .uid = fuse_req_ctx(fuse)->uid,
        .started = call_clock(),
    };
    Turn turn = {.context = context, .fuse = fuse, .file = request.file->id};

    if (data->flags & (FUSE_IOCTL_COMPAT | FUSE_IOCTL_32BIT | FUSE_IOCTL_COMPAT_X32)) {
        file_call_refuse(context, fuse, request.command, info, EOPNOTSUPP, REFUSAL_COMPAT);
    } else if (!run_round(&turn, &request, data->in, data->in_size, data->out_size)) {
        leave_ioctl(context, fuse, &request, data->in, data->in_size, data->out_size);
    }
}
