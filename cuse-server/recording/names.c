/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/recording/names.h"

#include <string.h>
#include <sys/ioctl.h>

#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "cuse-server/observe/call-log.h"

struct TraceNames {
    const TraceSession *session;
    DriverAbi *abi;
    GHashTable *files;  /* file's id -> index of its device + 1 */
    GHashTable *leaves; /* AbiLayout -> GArray of TraceLeaf */
};

static void free_leaves(gpointer leaves)
{
    g_array_unref(leaves);
}

TraceNames *trace_names_new(const TraceSession *session, GError **error)
{
    DriverVersion version;
    g_autofree char *warning = NULL;
    const DriverRelease *release = NULL;

    if (driver_version_parse(session->driver, &version, error)) {
        release = driver_release_choose(version, DRIVER_POLICY_SERIES, &warning, error);
    }
    if (!release) {
        g_prefix_error(error, "cannot find the tables of the recorded driver: ");
        return NULL;
    }
    TraceNames *names = g_new0(TraceNames, 1);
    names->session = session;
    names->abi = driver_abi_new(release);
    names->files = g_hash_table_new(NULL, NULL);
    names->leaves = g_hash_table_new_full(NULL, NULL, NULL, free_leaves);
    return names;
}

void trace_names_free(TraceNames *names)
{
    driver_abi_free(names->abi);
    g_hash_table_unref(names->files);
    g_hash_table_unref(names->leaves);
    g_free(names);
}

const DriverAbi *trace_names_abi(const TraceNames *names)
{
    return names->abi;
}

static void follow_file(TraceNames *names, uint32_t file, uint32_t device)
{
    if (device < names->session->n_devices) {
        g_hash_table_insert(names->files, GUINT_TO_POINTER(file), GUINT_TO_POINTER(device + 1));
    }
}

void trace_names_follow(TraceNames *names, const TraceAct *act)
{
    if (act->kind == TRACE_OPEN && !act->error) {
        follow_file(names, act->file, act->device);
    }
    for (unsigned i = 0; i < act->ops->len; i++) {
        const TraceOp *op = trace_act_op(act, i);
        if (op->kind == TRACE_OP_INSTALL && !op->error) {
            follow_file(names, op->file, op->device);
        }
    }
}

const Device *trace_names_device(const TraceNames *names, const TraceAct *act)
{
    guint device =
        act->kind == TRACE_OPEN
            ? act->device + 1
            : GPOINTER_TO_UINT(g_hash_table_lookup(names->files, GUINT_TO_POINTER(act->file)));

    return device > 0 && device <= names->session->n_devices ? &names->session->devices[device - 1]
                                                             : NULL;
}

/* Copy bytes from the ioctl's argument, which is the act's first range. */
static bool read_argument(const TraceAct *act, size_t offset, void *to, size_t size)
{
    const TraceRange *range = &act->ranges[0];

    if (act->n_ranges == 0 || !range->in || range->size < size || offset > range->size - size) {
        return false;
    }
    memcpy(to, range->in + offset, size);
    return true;
}

static bool is_call(const AbiEntry *entry, AbiHandler handler)
{
    return entry && entry->handler == handler;
}

/* DetailPlace: the offsets of the command or class, and of the address of its parameters, in the argument of a control
 * or an allocation. The short form of an allocation's argument begins like the long one. */
typedef struct {
    AbiKind kind;
    size_t number;
    size_t params;
} DetailPlace;

static const DetailPlace *detail_place(const AbiEntry *entry)
{
    static const DetailPlace control = {ABI_CONTROL, offsetof(NVOS54_PARAMETERS, cmd),
                                        offsetof(NVOS54_PARAMETERS, params)};
    static const DetailPlace alloc = {ABI_ALLOC, offsetof(NVOS64_PARAMETERS, hClass),
                                      offsetof(NVOS64_PARAMETERS, pAllocParms)};

    return is_call(entry, HANDLER_control) ? &control
           : is_call(entry, HANDLER_alloc) ? &alloc
                                           : NULL;
}

static void set_detail(const TraceNames *names, TraceCall *call, AbiKind kind, uint32_t number)
{
    call->has_detail = true;
    call->detail_number = number;
    call->detail = driver_abi_lookup(names->abi, kind, number);
}

static void find_detail(const TraceNames *names, const TraceAct *act, TraceCall *call)
{
    const DetailPlace *place = detail_place(call->entry);
    uint32_t number;

    if (place && read_argument(act, place->number, &number, sizeof number)) {
        set_detail(names, call, place->kind, number);
    }
}

void trace_names_call(const TraceNames *names, const TraceAct *act, TraceCall *call)
{
    *call = (TraceCall){.device = trace_names_device(names, act)};
    if (act->kind != TRACE_IOCTL || !call->device) {
        return;
    }
    if (call->device->kind == DEVICE_FRONTEND) {
        call->entry = driver_abi_lookup(names->abi, ABI_FRONTEND, _IOC_NR(act->command));
    } else if (call->device->kind == DEVICE_UVM) {
        call->entry = driver_abi_lookup(names->abi, ABI_UVM, act->command);
    }
    find_detail(names, act, call);
}

char *trace_call_name(const TraceCall *call, const TraceAct *act)
{
    static const char *const kinds[TRACE_ACT_END] = {
        [TRACE_OPEN] = "open", [TRACE_RELEASE] = "close", [TRACE_MAP] = "mmap", [TRACE_HOST] = "-"};

    if (act->kind != TRACE_IOCTL) {
        return g_strdup(kinds[act->kind]);
    }
    if (call->entry) {
        return g_strdup(call->entry->name);
    }
    /* Show the number that the device's table uses; see CallEvent. */
    const bool frontend = call->device && call->device->kind == DEVICE_FRONTEND;
    return g_strdup_printf("0x%x", frontend ? _IOC_NR(act->command) : act->command);
}

char *trace_call_detail(const TraceCall *call)
{
    if (!call->has_detail) {
        return NULL;
    }
    return call->detail ? g_strdup(call->detail->name)
                        : g_strdup_printf("0x%x", call->detail_number);
}

static const AbiLayout *layout_of_size(const AbiEntry *entry, uint32_t size)
{
    if (entry && entry->layout && entry->layout->size == size) {
        return entry->layout;
    }
    return entry && entry->short_layout && entry->short_layout->size == size ? entry->short_layout
                                                                             : NULL;
}

/* Read from the argument at which guest address the parameters of the command or class are. Returns 0 if unknown. */
static uint64_t params_address(const TraceCall *call, const TraceAct *act)
{
    const DetailPlace *place = detail_place(call->entry);
    uint64_t address = 0;

    (void)(place && read_argument(act, place->params, &address, sizeof address));
    return address;
}

const AbiLayout *trace_call_layout(const TraceCall *call, const TraceAct *act, uint32_t range)
{
    const TraceRange *at = &act->ranges[range];

    if (range == 0) {
        return layout_of_size(call->entry, at->size);
    }
    return call->detail && at->address == params_address(call, act)
               ? layout_of_size(call->detail, at->size)
               : NULL;
}

const AbiLayout *trace_call_buffer_layout(const TraceCall *call, const TraceAct *act,
                                          const TraceBuffer *buffer)
{
    if (buffer->range != TRACE_NO_RANGE) {
        return trace_call_layout(call, act, buffer->range);
    }
    const AbiLayout *layout = call->entry ? call->entry->layout : NULL;
    return layout && layout->size == buffer->size ? layout : NULL;
}

void trace_names_op(const TraceNames *names, const TraceOp *op, TraceCall *call)
{
    const bool frontend = _IOC_TYPE(op->command) == NV_IOCTL_MAGIC;
    const TraceBuffer *argument = trace_op_buffer(op, 0);
    uint32_t number;

    *call = (TraceCall){
        .entry = frontend ? driver_abi_lookup(names->abi, ABI_FRONTEND, _IOC_NR(op->command))
                          : driver_abi_lookup(names->abi, ABI_UVM, op->command)};
    const DetailPlace *place = detail_place(call->entry);
    if (place && argument && place->number + sizeof number <= argument->size) {
        memcpy(&number, argument->before + place->number, sizeof number);
        set_detail(names, call, place->kind, number);
    }
}

const AbiLayout *trace_op_layout(const TraceCall *call, const TraceOp *op, unsigned index)
{
    const DetailPlace *place = detail_place(call->entry);
    const TraceBuffer *argument = trace_op_buffer(op, 0);
    const TraceBuffer *buffer = trace_op_buffer(op, index);

    if (index == 0) {
        return layout_of_size(call->entry, buffer->size);
    }
    for (uint32_t i = 0; place && i < argument->n_pointers; i++) {
        if (argument->pointers[i].offset == place->params &&
            argument->pointers[i].target == index) {
            return layout_of_size(call->detail, buffer->size);
        }
    }
    return NULL;
}

const char *trace_op_name(uint32_t kind)
{
    static const char *const names[TRACE_OP_END] = {
        [TRACE_OP_OPEN] = "open",       [TRACE_OP_CLOSE] = "close",
        [TRACE_OP_IOCTL] = "ioctl",     [TRACE_OP_IOCTL_IN_GUEST] = "ioctl in the guest",
        [TRACE_OP_POLL] = "poll",       [TRACE_OP_IDENTIFY] = "identify",
        [TRACE_OP_PROCESS] = "process", [TRACE_OP_INSTALL] = "install",
        [TRACE_OP_NUMBER] = "number",
    };

    return names[kind];
}

/* --- members ---------------------------------------------------------------------------------- */

static void clear_leaf(gpointer data)
{
    TraceLeaf *leaf = data;

    g_free(leaf->path);
}

static bool is_union(const AbiLayout *layout)
{
    return layout->n_fields > 1 && layout->fields[1].offset == 0;
}

static void add_leaves(GArray *leaves, const AbiLayout *layout, const char *prefix, uint32_t base);

/* Add the leaves of an array of structs, or of a single struct. */
static void add_structs(GArray *leaves, const AbiField *field, const char *path, uint32_t base)
{
    const uint32_t n = field->size / field->type->size;

    for (uint32_t i = 0; i < n; i++) {
        g_autofree char *inner = *field->dimensions == '\0' ? g_strconcat(path, ".", NULL)
                                                            : g_strdup_printf("%s[%u].", path, i);
        add_leaves(leaves, field->type, inner, base + i * field->type->size);
    }
}

static void add_leaves(GArray *leaves, const AbiLayout *layout, const char *prefix, uint32_t base)
{
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        const AbiField *field = &layout->fields[i];
        g_autofree char *path = g_strconcat(prefix, field->name, NULL);
        if (field->type->n_fields > 0 && !is_union(field->type)) {
            add_structs(leaves, field, path, base + field->offset);
        } else {
            const TraceLeaf leaf = {g_steal_pointer(&path), field->type, field->role.kind,
                                    base + field->offset, field->size};
            g_array_append_val(leaves, leaf);
        }
    }
}

const GArray *trace_names_leaves(TraceNames *names, const AbiLayout *layout)
{
    if (!layout || layout->n_fields == 0 || is_union(layout)) {
        return NULL;
    }
    GArray *leaves = g_hash_table_lookup(names->leaves, layout);
    if (!leaves) {
        leaves = g_array_new(FALSE, FALSE, sizeof(TraceLeaf));
        g_array_set_clear_func(leaves, clear_leaf);
        add_leaves(leaves, layout, "", 0);
        g_hash_table_insert(names->leaves, (gpointer)layout, leaves);
    }
    return leaves;
}

const char *trace_leaf_name(const TraceLeaf *leaf)
{
    const char *dot = strrchr(leaf->path, '.');

    return dot ? dot + 1 : leaf->path;
}

bool trace_leaf_is_incidental(const TraceLeaf *leaf)
{
    switch (leaf->role) {
    case ABI_ROLE_INCIDENTAL:
    case ABI_ROLE_STATUS:
    case ABI_ROLE_FD:
    case ABI_ROLE_ADDRESS:
    case ABI_ROLE_PID:
    case ABI_ROLE_SAID_PID:
        return true;
    default:
        return false;
    }
}

/* --- the rest --------------------------------------------------------------------------------- */

const char *trace_error_name(uint32_t error)
{
    const char *name = error ? strerrorname_np((int)error) : "0";

    return name ? name : "?";
}

char *trace_status_name(uint32_t status)
{
    const char *name = status == CALL_NO_STATUS ? "-" : nv_status_name(status);

    return name ? g_strdup(name) : g_strdup_printf("0x%x", status);
}
