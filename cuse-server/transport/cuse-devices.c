/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/transport/cuse-devices.h"

#include <errno.h>
#include <linux/fuse.h>
#include <string.h>

#include "cuse-server/transport/retry-memory.h"
#include "cuse-server/transport/whole-call.h"

/* --- ioctl ------------------------------------------------------------------------------------ */

/* #syscalls:worker writev */

static CallContext *context_of(fuse_req_t fuse)
{
    const CallSource *source = fuse_req_userdata(fuse);

    return source->context;
}

/* One round of an ioctl, kept to be carried out: @in is the round's data. */
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
 * @may_wait: that is no reader, and may wait for others
 * @acting: it does: the caller's signals reach it through @call
 */
typedef struct {
    CallContext *context;
    fuse_req_t fuse;
    bool may_wait;
    bool acting;
    InterruptibleCall call;
} Turn;

static void on_interrupt(fuse_req_t fuse, void *data)
{
    (void)fuse;
    interrupts_raise(data);
}

/* Begin to act, if this thread may. */
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

/* Before the answer, with which the request is gone. */
static void turn_end(Turn *turn)
{
    if (turn->acting) {
        turn->acting = false;
        /* Returns when no on_interrupt() is running. */
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

/* --- memory by the broker --- */

static int open_memory(gpointer data, int *fd)
{
    Turn *turn = data;

    return turn_act(turn)
               ? broker_link_memory(turn->context->link, fuse_req_ctx(turn->fuse)->pid, fd)
               : EAGAIN;
}

static const CallMemoryOps memory_ops = {.open = open_memory, .may_act = turn_act};

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
 * Run a call from the top on the caller's memory: what the kernel has copied of it, and what the broker gives
 * of the rest. Returns false, with nothing answered, if this thread may not wait and would have to.
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

/* --- memory by the kernel's retry --- */

/* A call that wants more than the kernel carries: once more from the top. */
static bool run_too_large(Turn *turn, Request *request)
{
    const CallCarried none = {0};

    return turn_act(turn) && run_whole(turn, request, &none);
}

/*
 * Run one round. Returns false, with nothing answered, if the handler wants to act, all memory being
 * here or more than the kernel carries, and this thread may not.
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

/* The same, by the device's way to its callers' memory. */
static bool run_round(Turn *turn, Request *request, const void *in, size_t in_size, size_t out_size)
{
    const CallSource *source = fuse_req_userdata(turn->fuse);

    return source->memory == GUEST_MEMORY_RETRY ? run_retry(turn, request, in, in_size, out_size)
                                                : run_direct(turn, request, in, in_size, out_size);
}

static void run_ioctl(CallContext *context, gpointer data)
{
    g_autofree IoctlJob *job = data;
    Turn turn = {.context = context, .fuse = job->base.fuse, .may_wait = true};

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

static void on_ioctl(fuse_req_t fuse, int cmd, void *arg, struct fuse_file_info *info,
                     unsigned flags, const void *in, size_t in_size, size_t out_size)
{
    CallContext *context = context_of(fuse);
    Request request = {
        .proxy = context->proxy,
        .file = file_call_of(info),
        .command = (uint32_t)cmd,
        .argument = (uintptr_t)arg,
        .tid = fuse_req_ctx(fuse)->pid,
        .started = call_clock(),
    };
    Turn turn = {.context = context, .fuse = fuse};

    if (flags & (FUSE_IOCTL_COMPAT | FUSE_IOCTL_32BIT | FUSE_IOCTL_COMPAT_X32)) {
        file_call_refuse(context, fuse, request.command, info, EOPNOTSUPP, REFUSAL_COMPAT);
    } else if (!run_round(&turn, &request, in, in_size, out_size)) {
        leave_ioctl(context, fuse, &request, in, in_size, out_size);
    }
}

/* --- the rest --------------------------------------------------------------------------------- */

/* The broker opens files for guests, and says which one this is. Others open none: a guest that comes past the
 * filter by /proc/self/fd, or by a node that it made itself. */
static void on_open(fuse_req_t fuse, struct fuse_file_info *info)
{
    const CallSource *source = fuse_req_userdata(fuse);
    CallContext *context = source->context;
    uint32_t id;

    if (broker_link_opening(context->link, fuse_req_ctx(fuse)->pid, source->device, &id) != 0) {
        fuse_reply_err(fuse, EACCES);
    } else {
        file_call_open(context, fuse, id, source->device, info);
    }
}

static void on_release(fuse_req_t fuse, struct fuse_file_info *info)
{
    file_call_release(context_of(fuse), fuse, info);
}

static void on_poll(fuse_req_t fuse, struct fuse_file_info *info, struct fuse_pollhandle *handle)
{
    file_call_poll(context_of(fuse), fuse, info, handle);
}

/* The driver has neither read nor write. */
static void on_read(fuse_req_t fuse, size_t size, off_t offset, struct fuse_file_info *info)
{
    (void)size;
    (void)offset;
    (void)info;
    fuse_reply_err(fuse, EINVAL);
}

static void on_write(fuse_req_t fuse, const char *data, size_t size, off_t offset,
                     struct fuse_file_info *info)
{
    (void)data;
    (void)size;
    (void)offset;
    (void)info;
    fuse_reply_err(fuse, EINVAL);
}

static void on_init_done(void *userdata)
{
    call_source_initialised(userdata);
}

static const struct cuse_lowlevel_ops operations = {
    .init_done = on_init_done,
    .open = on_open,
    .read = on_read,
    .write = on_write,
    .release = on_release,
    .ioctl = on_ioctl,
    .poll = on_poll,
};

char *cuse_device_name(const char *instance, const char *device)
{
    char *name = g_strdup_printf("nvcuse!%s!%s", instance, device);

    return g_strdelimit(name, "/", '!');
}

struct fuse_session *cuse_device_session(CallSource *source, const CuseNumbers *numbers)
{
    const char *node = source->context->proxy->devices[source->device].name;
    g_autofree char *name = cuse_device_name(numbers->name, node);
    g_autofree char *variable = g_strdup_printf("DEVNAME=%s", name);
    const char *variables[] = {variable};
    struct cuse_info info = {
        .dev_major = numbers->major_no,
        .dev_minor = numbers->first_minor + source->device,
        .dev_info_argc = G_N_ELEMENTS(variables),
        .dev_info_argv = variables,
        .flags = source->memory == GUEST_MEMORY_RETRY ? CUSE_UNRESTRICTED_IOCTL : 0,
    };
    char program[] = "nvcuse";
    char *argv[] = {program, NULL};
    struct fuse_args args = FUSE_ARGS_INIT(1, argv);
    struct fuse_session *session = cuse_lowlevel_new(&args, &info, &operations, source);

    fuse_opt_free_args(&args);
    return session;
}
