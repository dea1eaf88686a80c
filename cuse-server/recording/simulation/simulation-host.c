/* SPDX-License-Identifier: Apache-2.0 */
/* The Host and the tap of a simulation. */
#include "cuse-server/recording/simulation/simulation-work.h"

/*
 * SimulationLive: the private copies of guest memory in a thread's current call, so that the buffers of the host's ioctl can be
 * matched with them.
 * @base: the guest memory that the handler uses; passes calls on to @memory
 */
typedef struct {
    GuestMemory base;
    GuestMemory *memory;
    HostCopies copies;
} SimulationLive;

enum { NAMES_MAX = 256 }; /* of missing calls: a guest may invent command numbers */

G_STATIC_ASSERT(G_STRUCT_OFFSET(SimulationLive, base) == 0);

/* --- guest memory ----------------------------------------------------------------------------- */

static Simulation *simulation_of(ProxyTap *tap)
{
    return (Simulation *)((char *)tap - offsetof(Simulation, tap));
}

static void forget_copies(SimulationLive *live)
{
    live->copies = (HostCopies){.left = TRACE_ACT_BYTES_MAX / 2};
}

static SimulationLive *live_of(const Simulation *simulation)
{
    SimulationLive *live = pthread_getspecific(simulation->live);

    if (!live) {
        live = g_new0(SimulationLive, 1);
        forget_copies(live);
        pthread_setspecific(simulation->live, live);
    }
    return live;
}

static void *memory_map(GuestMemory *base, uint64_t addr, size_t len, GuestAccess access)
{
    SimulationLive *live = (SimulationLive *)base;
    HostCopies *copies = &live->copies;
    void *copy = live->memory->ops->map(live->memory, addr, len, access);

    if (copies->n < TRACE_RANGES_MAX && len <= copies->left) {
        copies->at[copies->n] = copy;
        copies->size[copies->n++] = (uint32_t)len;
        copies->left -= len;
    }
    return copy;
}

static bool memory_commit(GuestMemory *base)
{
    const SimulationLive *live = (const SimulationLive *)base;

    return live->memory->ops->commit(live->memory);
}

static const GuestMemoryOps memory_ops = {.map = memory_map, .commit = memory_commit};

static void tap_begin(ProxyTap *tap)
{
    forget_copies(live_of(simulation_of(tap)));
}

static GuestMemory *tap_memory(ProxyTap *tap, GuestMemory *memory)
{
    SimulationLive *live = live_of(simulation_of(tap));

    live->base.ops = &memory_ops;
    live->memory = memory;
    return &live->base;
}

/* Forget the copies, which are freed with the call. */
static void tap_leave(ProxyTap *tap)
{
    forget_copies(live_of(simulation_of(tap)));
}

const ProxyTapOps simulation_tap_ops = {
    .begin = tap_begin,
    .memory = tap_memory,
    .leave = tap_leave,
};

/* --- the Host --------------------------------------------------------------------------------- */

static Host *inner_of(Host *host)
{
    return ((Simulation *)host)->inner;
}

static int simulate_open(Host *host, unsigned device, int flags)
{
    Simulation *simulation = (Simulation *)host;

    unsigned file;

    g_mutex_lock(&simulation->lock);
    int error = answers_open(simulation->answers, device, &file);
    g_mutex_unlock(&simulation->lock);
    int fd = error ? -error : inner_of(host)->ops->open(inner_of(host), device, flags);
    if (fd >= 0) {
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&simulation->lock);
        g_hash_table_add(simulation->open, GINT_TO_POINTER(fd));
        answers_opened(simulation->answers, (uint32_t)fd, file);
    }
    return fd;
}

/* Do nothing: descriptors in answers are the recorded ones, and do not refer to files here. */
static int simulate_follow(Host *host, int fd)
{
    (void)host;
    (void)fd;
    return 0;
}

static HostRemnant *simulate_close(Host *host, int fd)
{
    Simulation *simulation = (Simulation *)host;

    g_mutex_lock(&simulation->lock);
    bool ours = g_hash_table_remove(simulation->open, GINT_TO_POINTER(fd));
    answers_closed(simulation->answers, (uint32_t)fd);
    g_mutex_unlock(&simulation->lock);
    return ours ? inner_of(host)->ops->close(inner_of(host), fd) : NULL;
}

static bool simulate_remains(Host *host, const HostRemnant *remnant)
{
    return inner_of(host)->ops->remains(inner_of(host), remnant);
}

static void simulate_forget(Host *host, HostRemnant *remnant)
{
    inner_of(host)->ops->forget(inner_of(host), remnant);
}

/* Name a call by the driver's tables, like "NV_ESC_RM_CONTROL 0x20810110". (transfer full) */
static char *name_of(const Simulation *simulation, const TraceOp *op)
{
    const TraceAct act = {.kind = TRACE_IOCTL, .command = op->command};
    TraceCall call;

    trace_names_op(simulation->names, op, &call);
    g_autofree char *name = trace_call_name(&call, &act);
    g_autofree char *detail = trace_call_detail(&call);
    return g_strconcat(name, detail ? " " : NULL, detail, NULL);
}

static void count(Simulation *simulation, const TraceOp *op, bool found)
{
    simulation->answered += found;
    simulation->missed += !found;
    if (!found) {
        char *name = g_hash_table_size(simulation->missing) < NAMES_MAX ? name_of(simulation, op)
                                                                        : g_strdup("others");
        gsize times = GPOINTER_TO_SIZE(g_hash_table_lookup(simulation->missing, name));
        g_hash_table_replace(simulation->missing, name, GSIZE_TO_POINTER(times + 1));
    }
}

static int answer_ioctl(Simulation *simulation, const HostCall *call)
{
    TraceOp *op = trace_op_new(NULL, TRACE_OP_IOCTL);
    HostCopies copies = live_of(simulation)->copies;
    HostBuffers buffers;
    int error;

    host_buffers_take(&buffers, op, &copies, call);
    g_mutex_lock(&simulation->lock);
    count(simulation, op, answers_ioctl(simulation->answers, op->fd, op, &buffers, &error));
    g_mutex_unlock(&simulation->lock);
    trace_op_free(op);
    return error;
}

static int simulate_ioctl(Host *host, const HostCall *call)
{
    return answer_ioctl((Simulation *)host, call);
}

static int simulate_ioctl_in_guest(Host *host, pid_t tid, const HostCall *call)
{
    (void)tid;
    return answer_ioctl((Simulation *)host, call);
}

/* Report no events: a simulation does not have any. */
static unsigned simulate_poll(Host *host, int fd, unsigned events)
{
    (void)host;
    (void)fd;
    (void)events;
    return 0;
}

static void simulate_watch(Host *host, int fd, uint32_t id)
{
    (void)host;
    (void)fd;
    (void)id;
}

static int simulate_identify(Host *host, pid_t tid, int guest_fd, uint32_t *id)
{
    return inner_of(host)->ops->identify(inner_of(host), tid, guest_fd, id);
}

static int simulate_process(Host *host, pid_t tid, uint32_t uid, GuestProcess *process)
{
    return inner_of(host)->ops->process(inner_of(host), tid, uid, process);
}

static int simulate_number(Host *host, pid_t tid, uint64_t id, uint32_t *number)
{
    return inner_of(host)->ops->number(inner_of(host), tid, id, number);
}

static int simulate_install(Host *host, pid_t tid, unsigned device, int *guest_fd, uint32_t *id)
{
    return inner_of(host)->ops->install(inner_of(host), tid, device, guest_fd, id);
}

const HostOps simulation_host_ops = {
    .open = simulate_open,
    .follow = simulate_follow,
    .ioctl = simulate_ioctl,
    .close = simulate_close,
    .remains = simulate_remains,
    .forget = simulate_forget,
    .poll = simulate_poll,
    .watch = simulate_watch,
    .identify = simulate_identify,
    .process = simulate_process,
    .number = simulate_number,
    .ioctl_in_guest = simulate_ioctl_in_guest,
    .install = simulate_install,
};
