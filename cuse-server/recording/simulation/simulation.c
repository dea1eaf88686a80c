/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/recording/simulation/simulation.h"

#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>

#include <gio/gio.h>

#include "cuse-server/recording/simulation/answers.h"

/*
 * Live: the private copies of guest memory in a thread's current call, so that the buffers of the host's ioctl can be
 * matched with them.
 * @base: the guest memory that the handler uses; passes calls on to @memory
 */
typedef struct {
    GuestMemory base;
    GuestMemory *memory;
    HostCopies copies;
} Live;

enum { NAMES_MAX = 256 }; /* of missing calls: a guest may invent command numbers */

struct Simulation {
    Host host;
    ProxyTap tap;
    Host *inner;
    TraceFile *file;
    TraceNames *names;
    GArray *cards;
    pthread_key_t live;
    GMutex lock; /* guards what follows */
    Answers *answers;
    GHashTable *open; /* set of descriptors: files that @inner opened */
    uint64_t answered;
    uint64_t missed;
    GHashTable *missing; /* name -> how often it was not in the recording */
};

G_STATIC_ASSERT(G_STRUCT_OFFSET(Simulation, host) == 0);
G_STATIC_ASSERT(G_STRUCT_OFFSET(Live, base) == 0);

/* --- guest memory ----------------------------------------------------------------------------- */

static Simulation *simulation_of(ProxyTap *tap)
{
    return (Simulation *)((char *)tap - offsetof(Simulation, tap));
}

static void forget_copies(Live *live)
{
    live->copies = (HostCopies){.left = TRACE_ACT_BYTES_MAX / 2};
}

static Live *live_of(const Simulation *simulation)
{
    Live *live = pthread_getspecific(simulation->live);

    if (!live) {
        live = g_new0(Live, 1);
        forget_copies(live);
        pthread_setspecific(simulation->live, live);
    }
    return live;
}

static void *memory_map(GuestMemory *base, uint64_t addr, size_t len, GuestAccess access)
{
    Live *live = (Live *)base;
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
    const Live *live = (const Live *)base;

    return live->memory->ops->commit(live->memory);
}

static const GuestMemoryOps memory_ops = {.map = memory_map, .commit = memory_commit};

static void tap_begin(ProxyTap *tap)
{
    forget_copies(live_of(simulation_of(tap)));
}

static GuestMemory *tap_memory(ProxyTap *tap, GuestMemory *memory)
{
    Live *live = live_of(simulation_of(tap));

    live->base.ops = &memory_ops;
    live->memory = memory;
    return &live->base;
}

/* Forget the copies, which are freed with the call. */
static void tap_leave(ProxyTap *tap)
{
    forget_copies(live_of(simulation_of(tap)));
}

static const ProxyTapOps tap_ops = {
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

static const HostOps host_ops = {
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

/* --- the recording ---------------------------------------------------------------------------- */

/* Remember the GPUs that the recorded driver listed for NV_ESC_CARD_INFO. The last list in the recording counts. */
static void learn_cards(Simulation *simulation, const TraceAct *act)
{
    for (unsigned i = 0; i < act->ops->len; i++) {
        const TraceOp *op = trace_act_op(act, i);
        const TraceBuffer *buffer = trace_op_buffer(op, 0);
        if (_IOC_TYPE(op->command) != NV_IOCTL_MAGIC || _IOC_NR(op->command) != NV_ESC_CARD_INFO ||
            !buffer) {
            continue;
        }
        const guint n = buffer->size / sizeof(nv_ioctl_card_info_t);
        g_array_set_size(simulation->cards, 0);
        for (guint k = 0; k < MIN(n, NV_MAX_DEVICES); k++) {
            nv_ioctl_card_info_t card;
            memcpy(&card, buffer->after + k * sizeof card, sizeof card);
            if (card.valid) {
                g_array_append_val(simulation->cards, card);
            }
        }
    }
}

static bool learn(Simulation *simulation, GError **error)
{
    g_autoptr(GError) problem = NULL;
    TraceAct *act;

    while ((act = trace_file_next(simulation->file, &problem))) {
        learn_cards(simulation, act);
        answers_learn(simulation->answers, act);
    }
    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    return true;
}

/* Check that a device's name is like "nvidia0" or "nvidia-caps/nvidia-cap1": nodes get these names. */
static bool is_node_name(const char *name)
{
    static const char allowed[] = G_CSET_a_2_z G_CSET_DIGITS "-";
    g_auto(GStrv) parts = g_strsplit(name, "/", -1);

    for (char **part = parts; *part; part++) {
        if (!g_str_has_prefix(*part, "nvidia") && !g_str_has_prefix(*part, "channel")) {
            return false;
        }
        if ((*part)[strspn(*part, allowed)] != '\0') {
            return false;
        }
    }
    return parts[0] && g_str_has_prefix(parts[0], "nvidia");
}

static bool check_devices(const TraceSession *session, GError **error)
{
    for (unsigned i = 0; i < session->n_devices; i++) {
        if (!is_node_name(session->devices[i].name)) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                        "the recording has a device '%s', which is no name of NVIDIA's",
                        session->devices[i].name);
            return false;
        }
    }
    if (session->n_devices == 0) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                            "the recording has no device");
    }
    return session->n_devices > 0;
}

Simulation *simulation_new(const char *path, GError **error)
{
    g_autoptr(TraceFile) file = trace_file_open(path, error);
    g_autoptr(TraceNames) names = file && check_devices(trace_file_session(file), error)
                                      ? trace_names_new(trace_file_session(file), error)
                                      : NULL;

    if (!names) {
        return NULL;
    }
    g_autoptr(Simulation) simulation = g_new0(Simulation, 1);
    simulation->host.ops = &host_ops;
    simulation->tap.ops = &tap_ops;
    simulation->answers = answers_new(names);
    simulation->names = g_steal_pointer(&names);
    simulation->file = g_steal_pointer(&file);
    simulation->cards = g_array_new(FALSE, FALSE, sizeof(nv_ioctl_card_info_t));
    simulation->open = g_hash_table_new(NULL, NULL);
    simulation->missing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_mutex_init(&simulation->lock);
    g_assert(pthread_key_create(&simulation->live, g_free) == 0);
    return learn(simulation, error) ? g_steal_pointer(&simulation) : NULL;
}

void simulation_free(Simulation *simulation)
{
    g_free(pthread_getspecific(simulation->live));
    (void)pthread_key_delete(simulation->live);
    answers_free(simulation->answers);
    trace_names_free(simulation->names);
    trace_file_free(simulation->file);
    g_array_unref(simulation->cards);
    g_hash_table_unref(simulation->open);
    g_hash_table_unref(simulation->missing);
    g_mutex_clear(&simulation->lock);
    g_free(simulation);
}

const TraceSession *simulation_session(const Simulation *simulation)
{
    return trace_file_session(simulation->file);
}

const DriverAbi *simulation_abi(const Simulation *simulation)
{
    return trace_names_abi(simulation->names);
}

const GArray *simulation_cards(const Simulation *simulation)
{
    return simulation->cards;
}

Host *simulation_host(Simulation *simulation, Host *inner)
{
    simulation->inner = inner;
    return &simulation->host;
}

ProxyTap *simulation_tap(Simulation *simulation)
{
    return &simulation->tap;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(a, b);
}

char *simulation_summary(Simulation *simulation, uint64_t *missing)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&simulation->lock);
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(simulation->missing), compare_names);

    g_string_append_printf(text,
                           "%" G_GUINT64_FORMAT " calls of the driver answered from the recording, "
                           "%" G_GUINT64_FORMAT " not in it",
                           simulation->answered, simulation->missed);
    for (const GList *name = names; name; name = name->next) {
        g_string_append_printf(
            text, "%s%s (%zu)", name == names ? ": " : ", ", (const char *)name->data,
            GPOINTER_TO_SIZE(g_hash_table_lookup(simulation->missing, name->data)));
    }
    if (missing) {
        *missing = simulation->missed;
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}
