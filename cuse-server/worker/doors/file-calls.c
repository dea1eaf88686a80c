/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/worker/doors/file-calls.h"

#include <errno.h>
#include <time.h>

#include "abi/nv-ioctl.h"
#include "cuse-server/base/close-if-open.h"
#include "cuse-server/worker/opened-files.h"

/*
 * System calls for replies and wake-ups. A GThreadPool also gives its threads the scheduling of the thread that made the pool,
 * and ends threads that have been idle for a while.
 *
 * #syscalls:worker writev close gettid sched_setattr clock_gettime gettimeofday
 */

uint64_t call_clock(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void note_sizes(CallContext *context)
{
    /* Read and note the sizes under one lock; otherwise an older reading could be noted last. */
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&context->sizes);
    ObjectTreeSize size = object_tree_size(context->proxy->objects);
    InstanceUse use;

    call_log_sizes(context->log, nv_file_table_size(context->proxy->files), size.clients,
                   size.objects);
    proxy_memory_use(context->proxy, &use);
    call_log_memory(context->log, &use, context->proxy->budgets.by_gpu);
}

/* Tell whether a call may have allocated or freed objects or memory. */
static bool changes_sizes(const CallEvent *event)
{
    return event->kind == CALL_UVM ||
           (event->kind == CALL_FRONTEND && event->number != NV_ESC_RM_CONTROL);
}

void call_log_ioctl(CallContext *context, const Request *request)
{
    CallEvent event = request->event;

    event.nanoseconds = call_clock() - request->started;
    call_log_add(context->log, &event);
    if (changes_sizes(&event)) {
        note_sizes(context);
    }
}

/* --- open ------------------------------------------------------------------------------------- */

typedef struct {
    CallJob base;
    uint32_t id;
    unsigned device;
    struct fuse_file_info info;
    uint64_t started;
} OpenJob;

typedef struct {
    uint32_t id;
    unsigned device;
    int flags;
    pid_t tid;
    uint64_t started;
} Open;

static int open_for_guest(CallContext *context, const Open *open, NvFile **file)
{
    int error = proxy_open_as(context->proxy, open->id, open->device, open->flags, file);

    call_log_add(context->log,
                 &(CallEvent){.kind = CALL_OPEN,
                              .device = context->proxy->devices[open->device].name,
                              .call = "open",
                              .refusal = error == ENFILE ? REFUSAL_LIMIT : REFUSAL_NONE,
                              .error = error,
                              .status = CALL_NO_STATUS,
                              .tid = open->tid,
                              .nanoseconds = call_clock() - open->started});
    note_sizes(context);
    return error;
}

/* Answer an open with success. The kernel's handle is the address of the NvFile, which the table keeps until the kernel releases
 * it. Returns false if nobody waits for the answer any more: the opener was interrupted, and the kernel will send no release. */
static bool reply_open(fuse_req_t fuse, struct fuse_file_info *info, NvFile *file)
{
    info->fh = (uintptr_t)file;
    nv_file_unref(file);
    return fuse_reply_open(fuse, info) != -ENOENT;
}

static void open_file(CallContext *context, fuse_req_t fuse, uint32_t id, unsigned device,
                      struct fuse_file_info *info, uint64_t started)
{
    const Open open = {id, device, info->flags, fuse_req_ctx(fuse)->pid, started};
    NvFile *file = NULL;
    int error = open_for_guest(context, &open, &file);

    if (error) {
        fuse_reply_err(fuse, error);
    } else if (!reply_open(fuse, info, file)) {
        proxy_release(context->proxy, id);
    }
}

static void release_file(CallContext *context, uint32_t id)
{
    proxy_release(context->proxy, id);
    broker_link_released(context->link, id);
    note_sizes(context);
}

/* --- open in advance -------------------------------------------------------------------------- */

static void open_in_advance(CallContext *context, fuse_req_t fuse, uint32_t id, unsigned device,
                            struct fuse_file_info *info)
{
    Proxy *proxy = context->proxy;
    NvFile *file = nv_file_table_reserve(proxy->files, id, &proxy->devices[device], proxy->host);

    if (!reply_open(fuse, info, file)) {
        nv_file_unref(nv_file_table_remove(proxy->files, id));
    }
}

/*
 * The guest already has the file, or is about to get it, so the open cannot be refused any more. If there is no host file, or
 * the limit of files is reached (the broker makes sure that it is not), list the file without a host file: no call on it
 * succeeds.
 */
void file_call_given(CallContext *context, const WorkerQuestion *question, int fd)
{
    Proxy *proxy = context->proxy;
    const Device *device = nv_file_table_awaits(proxy->files, question->file);
    NvFile *file = NULL;

    if (!device) {
        close_if_open(fd); /* the file belongs to an earlier worker */
        return;
    }
    const Open open = {question->file, (unsigned)(device - proxy->devices),
                       (int)question->given.flags, question->given.tid, call_clock()};
    const LentKey opener = {question->file, question->given.tid, question->given.uid,
                            question->given.gid};
    lent_memories_extend(context->lent, &opener, question->given.lending);
    opened_files_bring(fd);
    int error = open_for_guest(context, &open, &file);
    opened_files_bring_no_more();
    if (error) {
        file = nv_file_table_add(proxy->files, question->file, device, proxy->host, -1);
    }
    if (file->left) {
        release_file(context, question->file);
    }
    nv_file_unref(file);
}

/* --- open: now, in advance, or by another thread ---------------------------------------------- */

static void run_open(CallContext *context, gpointer data)
{
    g_autofree OpenJob *job = data;

    open_file(context, job->base.fuse, job->id, job->device, &job->info, job->started);
}

void file_call_open(CallContext *context, fuse_req_t fuse, uint32_t id, unsigned device,
                    const struct fuse_file_info *info)
{
    struct fuse_file_info reply = *info;
    uint64_t started = call_clock();

    if (info->flags & OPEN_IN_ADVANCE) {
        open_in_advance(context, fuse, id, device, &reply);
        return;
    }
    /* Opening a device without a node waits for nobody, so the reader does it: the broker opens such a device in the
     * middle of a call. */
    if (!device_has_node(&context->proxy->devices[device]) || reader_pool_may_wait(context->pool)) {
        open_file(context, fuse, id, device, &reply, started);
        return;
    }
    const OpenJob job = {{run_open, fuse}, id, device, reply, started};
    reader_pool_leave(context->pool, g_memdup2(&job, sizeof job));
}

static NvFile *file_of(const struct fuse_file_info *info)
{
    return (NvFile *)(uintptr_t)info->fh; /* NOLINT(performance-no-int-to-ptr): our own, see open */
}

NvFile *file_call_of(const struct fuse_file_info *info)
{
    NvFile *file = file_of(info);

    nv_file_wait(file);
    return file;
}

/* --- release ---------------------------------------------------------------------------------- */

typedef struct {
    fuse_req_t fuse;
    NvFile *file;
} Release;

static void run_release(gpointer data, gpointer user_data)
{
    g_autofree Release *release = data;
    CallContext *context = user_data;

    if (!nv_file_table_leave(context->proxy->files, release->file)) {
        release_file(context, release->file->id);
    }
    fuse_reply_err(release->fuse, 0);
}

void file_call_release(CallContext *context, fuse_req_t fuse, const struct fuse_file_info *info)
{
    Release *release = g_new0(Release, 1);

    lent_memories_drop_file(context->lent, file_of(info)->id);
    *release = (Release){fuse, file_of(info)};
    g_thread_pool_push(context->releases, release, NULL);
}

/* --- poll ------------------------------------------------------------------------------------- */

/* A PollWaiter with the kernel's handle for waking the thread that polls. */
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

static void poll_file(fuse_req_t fuse, NvFile *file, unsigned events, FuseWaiter *waiter)
{
    fuse_reply_poll(fuse, proxy_poll(file, events, waiter ? &waiter->base : NULL));
}

static void run_poll(CallContext *context, gpointer data)
{
    g_autofree PollJob *job = data;

    (void)context;
    poll_file(job->base.fuse, job->file, job->events, job->waiter);
    nv_file_unref(job->file);
}

/*
 * Tell whether polling a file never waits. The driver answers a poll without timeout at once: it looks at a flag of the file
 * under a spinlock (kernel-open/nvidia/nv.c, nvidia_poll(); uvm_tools.c, uvm_tools_poll(); its other files have no poll).
 * Polling a dma-buf takes a lock that others hold while they wait for the driver (Linux, dma-buf.c, dma_buf_poll():
 * dma_resv_lock()).
 */
static bool polls_at_once(const NvFile *file)
{
    return device_has_node(file->device);
}

/* Answer in the thread that read the request, whenever that is possible: libcuda polls eight files in each wait, and the kernel
 * asks for one after the other. */
void file_call_poll(CallContext *context, fuse_req_t fuse, const struct fuse_file_info *info,
                    struct fuse_pollhandle *handle)
{
    NvFile *file = file_call_of(info);
    FuseWaiter *waiter = NULL;

    if (handle) {
        waiter = g_new(FuseWaiter, 1);
        *waiter = (FuseWaiter){.base = {wake_waiter, drop_waiter}, .handle = handle};
    }
    if (polls_at_once(file) || reader_pool_may_wait(context->pool)) {
        poll_file(fuse, file, info->poll_events, waiter);
        return;
    }
    const PollJob job = {{run_poll, fuse}, nv_file_ref(file), info->poll_events, waiter};
    reader_pool_leave(context->pool, g_memdup2(&job, sizeof job));
}

/* --- the rest --------------------------------------------------------------------------------- */

void file_call_refuse(CallContext *context, fuse_req_t fuse, uint32_t command,
                      const struct fuse_file_info *info, int error, Refusal refusal)
{
    call_log_add(context->log, &(CallEvent){.kind = CALL_OTHER,
                                            .device = file_call_of(info)->device->name,
                                            .number = command,
                                            .tid = fuse_req_ctx(fuse)->pid,
                                            .refusal = refusal,
                                            .error = error,
                                            .status = CALL_NO_STATUS});
    fuse_reply_err(fuse, error);
}

void call_source_initialised(CallSource *source)
{
    CallContext *context = source->context;

    source->initialised = true;
    if (g_atomic_int_add(&context->initialised, 1) + 1 == (gint)context->n_sources) {
        (void)broker_link_ready(context->link); /* on failure the broker is gone: we end */
    }
}

void call_job_run(CallContext *context, CallJob *job)
{
    job->run(context, job);
}

void call_context_init(CallContext *context, Proxy *proxy, BrokerLink *link, CallLog *log,
                       unsigned threads)
{
    *context = (CallContext){.proxy = proxy,
                             .link = link,
                             .log = log,
                             .interrupts = interrupts_new(),
                             .lent = lent_memories_new(),
                             .look = look_new(call_clock)};
    broker_link_know_processes(link, context->lent);
    g_mutex_init(&context->sizes);
    context->releases = g_thread_pool_new(run_release, context, (gint)threads, FALSE, NULL);
}
