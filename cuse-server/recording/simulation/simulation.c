/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/recording/simulation/simulation.h"

#include <string.h>
#include <sys/ioctl.h>

#include <gio/gio.h>

#include "cuse-server/recording/simulation/simulation-work.h"

/* Append to @cards those that the recorded driver listed in the answer to NV_ESC_CARD_INFO. */
static void list_cards(GArray *cards, const TraceBuffer *buffer)
{
    const guint n = buffer->size / sizeof(nv_ioctl_card_info_t);

    for (guint i = 0; i < MIN(n, NV_MAX_DEVICES); i++) {
        nv_ioctl_card_info_t card;
        memcpy(&card, buffer->after + i * sizeof card, sizeof card);
        if (card.valid) {
            g_array_append_val(cards, card);
        }
    }
}

static bool lists_cards(const TraceOp *op)
{
    return op->kind == TRACE_OP_IOCTL && _IOC_TYPE(op->command) == NV_IOCTL_MAGIC &&
           _IOC_NR(op->command) == NV_ESC_CARD_INFO && op->error == 0 && trace_op_buffer(op, 0);
}

/* Remember the GPUs that the recorded driver listed for NV_ESC_CARD_INFO. The longest list in the recording counts, the last one
 * if several are as long: GPUs may have come or gone meanwhile. Calls that failed, for example for lack of room, do not count. */
static void learn_cards(Simulation *simulation, const TraceAct *act)
{
    for (unsigned i = 0; i < act->ops->len; i++) {
        const TraceOp *op = trace_act_op(act, i);
        if (!lists_cards(op)) {
            continue;
        }
        g_autoptr(GArray) cards = g_array_new(FALSE, FALSE, sizeof(nv_ioctl_card_info_t));
        list_cards(cards, trace_op_buffer(op, 0));
        if (cards->len >= simulation->cards->len) {
            g_array_unref(simulation->cards);
            simulation->cards = g_steal_pointer(&cards);
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
                        "invalid device name '%s': expected one of NVIDIA's, such as nvidia0 or "
                        "nvidia-caps/nvidia-cap1",
                        session->devices[i].name);
            return false;
        }
    }
    if (session->n_devices == 0) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                            "the recording does not list a device");
    }
    return session->n_devices > 0;
}

Simulation *simulation_new(const char *path, GError **error)
{
    g_autoptr(TraceFile) file = trace_file_open(path, error);
    g_autoptr(TraceNames) names = file && check_devices(trace_file_session(file), error)
                                      ? trace_names_new(trace_file_session(file), error)
                                      : NULL;

    if (file && !names) {
        g_prefix_error(error, "%s: ", path); /* trace_file_open() names it itself */
    }
    if (!names) {
        return NULL;
    }
    g_autoptr(Simulation) simulation = g_new0(Simulation, 1);
    simulation->host.ops = &simulation_host_ops;
    simulation->tap.ops = &simulation_tap_ops;
    simulation->answers = answers_new(names);
    simulation->names = g_steal_pointer(&names);
    simulation->file = g_steal_pointer(&file);
    simulation->cards = g_array_new(FALSE, FALSE, sizeof(nv_ioctl_card_info_t));
    simulation->open = g_hash_table_new(NULL, NULL);
    simulation->missing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_mutex_init(&simulation->lock);
    const int failed = pthread_key_create(&simulation->live, g_free);
    g_assert(!failed);
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
