/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/worker/doors/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include <gio/gio.h>

#include "cuse-server/base/pool/reader-pool.h"
#include "cuse-server/worker/doors/cuse-devices.h"
#include "cuse-server/worker/doors/fuse-files.h"

/*
 * #syscalls:worker read poll write clone
 * #syscalls:before eventfd2 fcntl
 */

struct Transport {
    CallContext context;
    const InstanceSpec *spec;
    BrokerLink *link;
    int lost;      /* eventfd: written when a source is lost */
    GMutex lock;   /* guards @error */
    GError *error; /* which source was lost */
    CallSource sources[];
};

static struct fuse_session *session_new(CallSource *source, const WorkerSpec *spec)
{
    return spec->instance.transport == TRANSPORT_CUSE ? cuse_device_session(source, spec)
                                                      : fuse_files_session(source);
}

/* Choose the way to guest memory. The kernel supports retries for CUSE devices only. */
static GuestMemoryKind memory_kind(const InstanceSpec *spec)
{
    return spec->transport == TRANSPORT_CUSE ? spec->guest_memory : GUEST_MEMORY_DIRECT;
}

static bool source_start(CallSource *source, const WorkerSpec *spec, int fd, GError **error)
{
    g_autofree char *path = g_strdup_printf("/dev/fd/%d", fd);

    /* O_NONBLOCK: the reader pool polls the file, and reads it without waiting. */
    if ((source->session = session_new(source, spec)) &&
        fuse_session_mount(source->session, path) == 0 &&
        fcntl(fuse_session_fd(source->session), F_SETFL, O_RDWR | O_NONBLOCK) == 0) {
        return true;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                "cannot start a FUSE session for transport %s",
                transport_kind_name(spec->instance.transport));
    return false;
}

Transport *transport_new(const WorkerSpec *spec, Proxy *proxy, BrokerLink *link, CallLog *log,
                         GError **error)
{
    Transport *transport =
        g_malloc0(sizeof *transport + spec->n_fds * sizeof transport->sources[0]);

    transport->spec = &spec->instance;
    call_context_init(&transport->context, proxy, link, log, transport->spec->threads);
    transport->context.n_sources = spec->n_fds;
    transport->link = link;
    transport->lost = eventfd(0, EFD_CLOEXEC);
    g_assert(transport->lost >= 0);
    g_mutex_init(&transport->lock);
    for (unsigned i = 0; i < spec->n_fds; i++) {
        CallSource *source = &transport->sources[i];
        *source = (CallSource){
            .context = &transport->context, .device = i, .memory = memory_kind(&spec->instance)};
        if (!source_start(source, spec, spec->fds[i], error)) {
            return NULL; /* the worker ends */
        }
    }
    return transport;
}

CallContext *transport_context(Transport *transport)
{
    return &transport->context;
}

/*
 * Free a thread's request buffer, when the thread ends. Data that outlives a request is copied out of the buffer.
 */
static void buffer_free(gpointer data)
{
    struct fuse_buf *buffer = data;

    free(buffer->mem); /* libfuse allocated it */
    g_free(buffer);
}

static struct fuse_buf *thread_buffer(void)
{
    static GPrivate buffers = G_PRIVATE_INIT(buffer_free);
    struct fuse_buf *buffer = g_private_get(&buffers);

    if (!buffer) {
        buffer = g_new0(struct fuse_buf, 1);
        g_private_set(&buffers, buffer);
    }
    return buffer;
}

/* The kernel has ended a source: make transport_run() return, which ends the process. */
static void lose_source(Transport *transport, const CallSource *source)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&transport->lock);

    if (!transport->error) {
        g_set_error(&transport->error, G_IO_ERROR, G_IO_ERROR_CLOSED, "the kernel ended %s%s",
                    transport->spec->transport == TRANSPORT_NOTIFY
                        ? "the file system"
                        : transport->spec->devices[source->device].name,
                    source->initialised ? ""
                                        : ": its name or number may be taken by another instance");
    }
    (void)eventfd_write(transport->lost, 1);
}

/* Take one request from a source and process it. */
static ReaderServed serve_source(unsigned index, gpointer data)
{
    Transport *transport = data;
    CallSource *source = &transport->sources[index];
    struct fuse_buf *buffer = thread_buffer();
    int n = fuse_session_receive_buf(source->session, buffer);

    if (n > 0) {
        fuse_session_process_buf(source->session, buffer);
        return READER_SERVED;
    }
    if (n == -EAGAIN || n == -EINTR) {
        return n == -EINTR ? READER_SERVED : READER_NOTHING;
    }
    lose_source(transport, source);
    return READER_OVER;
}

static void run_job(gpointer job, gpointer data)
{
    Transport *transport = data;

    call_job_run(&transport->context, job);
}

static const ReaderPoolOps pool_ops = {.serve = serve_source, .run = run_job};

/* Pass the driver's events to the files that they are for. Runs until the process ends. */
static gpointer pass_events(gpointer data)
{
    Transport *transport = data;

    for (;;) {
        uint32_t file;
        unsigned events;
        broker_link_next_event(transport->link, &file, &events);
        proxy_file_event(transport->context.proxy, file, events);
    }
    return NULL;
}

/* Wait until the broker has ended or a source is lost. Returns true if the broker has ended. */
static bool wait_for_end(Transport *transport)
{
    struct pollfd polls[] = {{.fd = broker_link_socket(transport->link)}, /* POLLHUP */
                             {.fd = transport->lost, .events = POLLIN}};

    while (poll(polls, G_N_ELEMENTS(polls), -1) < 0) { /* a signal */
    }
    return polls[0].revents != 0;
}

static void start_readers(Transport *transport)
{
    CallContext *context = &transport->context;
    g_autofree int *fds = g_new(int, context->n_sources);

    for (unsigned i = 0; i < context->n_sources; i++) {
        fds[i] = fuse_session_fd(transport->sources[i].session);
    }
    context->pool = reader_pool_new(&(ReaderPoolConfig){
        .name = "worker",
        .ops = &pool_ops,
        .data = transport,
        .sources = fds,
        .n_sources = context->n_sources,
        .workers = transport->spec->threads,
        .look = context->look,
    });
    reader_pool_start(context->pool);
}

bool transport_run(Transport *transport, GError **error)
{
    g_thread_unref(g_thread_new("worker-events", pass_events, transport));
    start_readers(transport);
    if (wait_for_end(transport)) {
        return true;
    }
    g_mutex_lock(&transport->lock);
    g_propagate_error(error, g_steal_pointer(&transport->error));
    g_mutex_unlock(&transport->lock);
    return false;
}
