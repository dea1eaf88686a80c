/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/transport/cuse-call.h"

#include <errno.h>
#include <linux/fuse.h>
#include <poll.h>
#include <string.h>

#include "cuse-server/transport/broker-protocol.h"
#include "cuse-server/transport/retry-memory.h"

struct CallJob {
    void (*run)(CallContext *context, gpointer job);
    fuse_req_t fuse;
};

/* --- open ------------------------------------------------------------------------------------- */

typedef struct {
    CallJob base;
    unsigned device;
    struct fuse_file_info info;
} OpenJob;

static void run_open(CallContext *context, gpointer data)
{
    g_autofree OpenJob *job = data;
    NvFile *file = NULL;
    int error = proxy_open(context->proxy, job->device, job->info.flags, &file);

    call_log_add(context->log, &(CallEvent){.device = context->proxy->devices[job->device].name,
                                            .call = "open",
                                            .error = error,
                                            .status = CALL_NO_STATUS});
    if (error) {
        fuse_reply_err(job->base.fuse, error);
        return;
    }
    job->info.fh = file->id;
    uint32_t id = file->id;
    nv_file_unref(file);
    if (fuse_reply_open(job->base.fuse, &job->info) == -ENOENT) {
        /* The opener was interrupted: there will be no release. */
        proxy_release(context->proxy, id);
    }
}

static void on_open(fuse_req_t fuse, struct fuse_file_info *info)
{
    CuseDevice *device = fuse_req_userdata(fuse);
    OpenJob *job = g_new0(OpenJob, 1);

    job->base = (CallJob){run_open, fuse};
    job->device = device->index;
    job->info = *info;
    device->context->next = &job->base;
}

/* --- release ---------------------------------------------------------------------------------- */

typedef struct {
    fuse_req_t fuse;
    uint32_t id;
} Release;

static void run_release(gpointer data, gpointer user_data)
{
    g_autofree Release *release = data;
    const CallContext *context = user_data;

    proxy_release(context->proxy, release->id);
    fuse_reply_err(release->fuse, 0);
}

static void on_release(fuse_req_t fuse, struct fuse_file_info *info)
{
    CuseDevice *device = fuse_req_userdata(fuse);
    Release *release = g_new0(Release, 1);

    *release = (Release){fuse, (uint32_t)info->fh};
    g_thread_pool_push(device->context->releases, release, NULL);
}

/* --- ioctl ------------------------------------------------------------------------------------ */

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

static void reply_answer(CallContext *context, fuse_req_t fuse, const Request *request,
                         const RetryMemory *memory)
{
    struct iovec iov[RETRY_RANGES_MAX];

    /* Logged first: who reads the log after the call returned finds it there. */
    call_log_add(context->log, &request->event);
    if (request->error) {
        fuse_reply_err(fuse, request->error);
    } else {
        size_t n = retry_memory_reply(memory, request->write_back, iov);
        fuse_reply_ioctl_iov(fuse, 0, iov, (int)n);
    }
}

/*
 * Run one round. Returns false, with nothing answered, if all memory is here and the handler wants
 * to act, but @may_block forbids it.
 */
static bool run_round(CallContext *context, fuse_req_t fuse, Request *request, const void *in,
                      size_t in_size, size_t out_size, bool may_block)
{
    RetryMemory memory;
    bool answered = true;

    retry_memory_init(&memory, in, in_size, out_size, may_block);
    request->memory = &memory.base;
    RequestResult result = proxy_ioctl(request);
    if (memory.too_large) {
        request_refuse(request, E2BIG, REFUSAL_TOO_LARGE);
        result = REQUEST_DONE;
    }
    if (result == REQUEST_DONE && (request->error || retry_memory_matches(&memory))) {
        reply_answer(context, fuse, request, &memory);
    } else if (!retry_memory_matches(&memory)) {
        reply_retry(fuse, &memory);
    } else {
        answered = false;
    }
    retry_memory_clear(&memory);
    return answered;
}

static void run_ioctl(CallContext *context, gpointer data)
{
    g_autofree IoctlJob *job = data;

    run_round(context, job->base.fuse, &job->request, job->in, job->in_size, job->out_size, true);
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
    context->next = &job->base;
}

static void refuse_compat(CallContext *context, fuse_req_t fuse, const Request *request)
{
    call_log_add(context->log, &(CallEvent){.device = request->file->device->name,
                                            .number = request->command,
                                            .refusal = REFUSAL_COMPAT,
                                            .error = EOPNOTSUPP,
                                            .status = CALL_NO_STATUS});
    fuse_reply_err(fuse, EOPNOTSUPP);
}

static void on_ioctl(fuse_req_t fuse, int cmd, void *arg, struct fuse_file_info *info,
                     unsigned flags, const void *in, size_t in_size, size_t out_size)
{
    CuseDevice *device = fuse_req_userdata(fuse);
    CallContext *context = device->context;
    uint32_t id = (uint32_t)info->fh;

    if ((uint32_t)cmd == IDENTIFY_COMMAND && (uintptr_t)arg == context->secret) {
        fuse_reply_ioctl(fuse, (int)id, NULL, 0);
        return;
    }
    g_autoptr(NvFile) file = nv_file_table_get(context->proxy->files, id);
    if (!file) {
        fuse_reply_err(fuse, EBADF);
        return;
    }
    Request request = {
        .proxy = context->proxy,
        .file = file,
        .command = (uint32_t)cmd,
        .argument = (uintptr_t)arg,
        .tid = fuse_req_ctx(fuse)->pid,
    };
    if (flags & (FUSE_IOCTL_COMPAT | FUSE_IOCTL_32BIT | FUSE_IOCTL_COMPAT_X32)) {
        refuse_compat(context, fuse, &request);
    } else if (!run_round(context, fuse, &request, in, in_size, out_size, false)) {
        leave_ioctl(context, fuse, &request, in, in_size, out_size);
    }
}

/* --- poll ------------------------------------------------------------------------------------- */

/* The kernel's handle for whoever polls a file. */
typedef struct {
    PollWaiter base;
    struct fuse_pollhandle *handle;
} FuseWaiter;

static void drop_waiter(PollWaiter *base)
{
    FuseWaiter *waiter = (FuseWaiter *)base;

    fuse_pollhandle_destroy(waiter->handle);
    g_free(waiter);
}

static void wake_waiter(PollWaiter *base)
{
    FuseWaiter *waiter = (FuseWaiter *)base;

    fuse_lowlevel_notify_poll(waiter->handle);
    drop_waiter(base);
}

typedef struct {
    CallJob base;
    NvFile *file;
    unsigned events;
    FuseWaiter *waiter;
} PollJob;

static void run_poll(CallContext *context, gpointer data)
{
    g_autofree PollJob *job = data;

    (void)context;
    unsigned ready = proxy_poll(job->file, job->events, job->waiter ? &job->waiter->base : NULL);
    fuse_reply_poll(job->base.fuse, ready);
    nv_file_unref(job->file);
}

static void on_poll(fuse_req_t fuse, struct fuse_file_info *info, struct fuse_pollhandle *handle)
{
    CuseDevice *device = fuse_req_userdata(fuse);
    CallContext *context = device->context;
    FuseWaiter *waiter = NULL;
    NvFile *file = nv_file_table_get(context->proxy->files, (uint32_t)info->fh);

    if (handle) {
        waiter = g_new(FuseWaiter, 1);
        *waiter = (FuseWaiter){.base = {wake_waiter, drop_waiter}, .handle = handle};
    }
    if (!file) {
        if (waiter) {
            drop_waiter(&waiter->base);
        }
        fuse_reply_poll(fuse, POLLERR);
        return;
    }
    PollJob *job = g_new0(PollJob, 1);
    *job = (PollJob){{run_poll, fuse}, file, info->poll_events, waiter};
    context->next = &job->base;
}

/* --- the rest --------------------------------------------------------------------------------- */

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
    CuseDevice *device = userdata;
    device->initialised = true;
}

const struct cuse_lowlevel_ops cuse_call_ops = {
    .init_done = on_init_done,
    .open = on_open,
    .read = on_read,
    .write = on_write,
    .release = on_release,
    .ioctl = on_ioctl,
    .poll = on_poll,
};

void call_job_run(CallContext *context, CallJob *job)
{
    job->run(context, job);
}

void call_context_init(CallContext *context, Proxy *proxy, CallLog *log, uint64_t secret,
                       unsigned threads)
{
    *context = (CallContext){.proxy = proxy, .log = log, .secret = secret};
    context->releases = g_thread_pool_new(run_release, context, (gint)threads, FALSE, NULL);
}
