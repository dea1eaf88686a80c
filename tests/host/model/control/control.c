/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NV_ESC_RM_CONTROL: find the command's object, copy parameters in and out, and answer commands without data of their own: by a
 * pattern computed from every byte of the input, so that a byte that is lost, added or taken from elsewhere shows.
 */
#include "control/control.h"

#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define CONTROL_SIZE_MAX (1U << 20)
#define LIST_SIZE_MAX    (1U << 20)
#define LEGACY_COMMAND   0x8000

/* Commands of a channel have the number of the channel class that introduced them. */
struct control_group {
    u16 number; /* the upper half of a command */
    u32 kinds;
    u32 class; /* 0: any of these kinds */
};

static const struct control_group groups[] = {
    {0x0000, RM_CLIENT, 0},
    {0x0041, RM_MEMORY, 0},
    {0x0080, RM_DEVICE, 0},
    {0x2080, RM_SUBDEVICE, 0},
    {0x906f, RM_CHANNEL, 0},
    {0xa06c, RM_CHANNEL_GROUP, 0},
    {0xa06f, RM_CHANNEL, 0},
    {0xb06f, RM_CHANNEL, 0},
    {0xb0cc, RM_GENERIC, MAXWELL_PROFILER_DEVICE},
    {0xc36f, RM_CHANNEL, 0},
    {0xc56f, RM_CHANNEL, 0},
};

static bool command_fits(u32 command, const struct rm_object *object)
{
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(groups); i++)
        if (groups[i].number == command >> 16)
            return (groups[i].kinds & object->kind) &&
                   (!groups[i].class || groups[i].class == object->class);
    return object->class == command >> 16;
}

static bool is_list(const AbiField *field)
{
    return field->role.kind == ABI_ROLE_POINTER && field->role.element;
}

static u64 list_bytes(const struct control *control, const AbiRole *role)
{
    u64 n = params_get(&control->params, role->beside);

    return (role->flags & ABI_SQUARE ? n * n : n) * role->element;
}

/* Find the lists by the roles of members. */
static u32 find_lists(struct control *control)
{
    const AbiLayout *layout = control->params.layout;
    u32 i;

    for (i = 0; i < layout->n_fields; i++) {
        const AbiField *field = &layout->fields[i];
        u64 size;

        if (!is_list(field))
            continue;
        size = list_bytes(control, &field->role);
        if (size > LIST_SIZE_MAX || control->n_lists == CONTROL_LISTS_MAX)
            return NV_ERR_INVALID_ARGUMENT;
        control->lists_are_output = field->role.access == ABI_ACCESS_OUT;
        control->lists[control->n_lists++] =
            (struct control_list){params_get(&control->params, field->name), (u32)size, NULL};
    }
    return NV_OK;
}

static u32 read_lists(struct control *control)
{
    u32 i;

    for (i = 0; i < control->n_lists; i++) {
        struct control_list *list = &control->lists[i];

        if (!list->address || !list->size)
            continue;
        list->data = kvzalloc(list->size, GFP_KERNEL);
        if (!list->data)
            return NV_ERR_NO_MEMORY;
        if (copy_from_user(list->data, u64_to_user_ptr(list->address), list->size))
            return NV_ERR_INVALID_ADDRESS;
        record_bytes(control->call->record, "list_in", list->data, list->size);
    }
    return NV_OK;
}

static u32 write_lists(struct control *control)
{
    u32 i;

    for (i = 0; i < control->n_lists; i++) {
        const struct control_list *list = &control->lists[i];

        if (!list->data)
            continue;
        record_bytes(control->call->record, "list_out", list->data, list->size);
        if (copy_to_user(u64_to_user_ptr(list->address), list->data, list->size))
            return NV_ERR_INVALID_ADDRESS;
    }
    return NV_OK;
}

void control_pattern(u64 seed, void *data, u32 size)
{
    u8 *p = data;
    u32 i;

    for (i = 0; i < size; i++) {
        /* Not zero: memory that was never written must not look as if it had been. */
        p[i] = (u8)((seed >> (i % 8 * 8)) | 1);
        if (i % 8 == 7)
            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    }
}

/* Whether a member is a list's address, which differs from run to run, or its length, which is the caller's. */
static bool is_kept(const AbiLayout *layout, const AbiField *member)
{
    u32 i;

    for (i = 0; i < layout->n_fields; i++)
        if (is_list(&layout->fields[i]) &&
            (member == &layout->fields[i] || member->offset == layout->fields[i].role.beside_at))
            return true;
    return false;
}

static u32 answer_with_pattern(struct control *control)
{
    const AbiLayout *layout = control->params.layout;
    u8 *data = control->params.data;
    u64 seed = fnv1a(FNV1A_START, &control->command, sizeof(control->command));
    u32 i;

    if (!control->n_lists) {
        seed = fnv1a(seed, data, control->size);
        control_pattern(seed, data, control->size);
        return NV_OK;
    }
    for (i = 0; i < layout->n_fields; i++)
        if (!is_kept(layout, &layout->fields[i]))
            seed = fnv1a(seed, data + layout->fields[i].offset, layout->fields[i].size);
    for (i = 0; i < control->n_lists && !control->lists_are_output; i++)
        if (control->lists[i].data)
            seed = fnv1a(seed, control->lists[i].data, control->lists[i].size);
    for (i = 0; i < layout->n_fields; i++)
        if (!is_kept(layout, &layout->fields[i]))
            control_pattern(seed + i, data + layout->fields[i].offset, layout->fields[i].size);
    for (i = 0; i < control->n_lists; i++)
        if (control->lists[i].data)
            control_pattern(seed - i, control->lists[i].data, control->lists[i].size);
    return NV_OK;
}

static control_function *find_function(u32 command)
{
    control_function *(*const finders[])(u32) = {
        control_data_find,  control_p2p_find,       control_fd_find,      control_fabric_find,
        control_model_find, control_processes_find, control_channels_find};
    control_function *function = NULL;
    u32 i;

    for (i = 0; i < ARRAY_SIZE(finders) && !function; i++)
        function = finders[i](command);
    return function ? function : answer_with_pattern;
}

/* Find the client and the object, and check whether the command is one of the object's class. */
static u32 find_object(struct control *control, const NVOS54_PARAMETERS *args)
{
    u32 status = rm_client_get(control->call->file, args->hClient, &control->client);

    if (status == NV_OK)
        status = rm_object_get(control->client, args->hObject, RM_ANY, NV_OK, &control->object);
    if (status != NV_OK)
        return status;
    return command_fits(control->command, control->object) ? NV_OK : NV_ERR_NOT_SUPPORTED;
}

/* Find them before the parameters are read; the object may be gone after that. */
static u32 check_object(struct control *control, const NVOS54_PARAMETERS *args)
{
    u32 status;

    mutex_lock(&rm_lock);
    status = find_object(control, args);
    mutex_unlock(&rm_lock);
    return status;
}

static u32 run(struct control *control, const NVOS54_PARAMETERS *args)
{
    u32 status;

    mutex_lock(&rm_lock);
    status = find_object(control, args);
    if (status == NV_OK)
        status = find_function(control->command)(control);
    mutex_unlock(&rm_lock);
    return status;
}

/* The rule for the size of the parameters: resControlLookup. */
static u32 check_size(struct control *control, const AbiEntry *entry)
{
    if (control->size > CONTROL_SIZE_MAX)
        return NV_ERR_INVALID_ARGUMENT;
    if ((control->command & LEGACY_COMMAND) || control->command >> 16 == NV2081_BINAPI ||
        control->command == UNKNOWN_CONTROL_COMMAND_80028B)
        return NV_OK;
    if (!entry)
        return NV_ERR_NOT_SUPPORTED;
    control->params.layout = abi_shape(entry->layout);
    return control->size == (control->params.layout ? control->params.layout->size : 0)
               ? NV_OK
               : NV_ERR_INVALID_PARAM_STRUCT;
}

static u32 read_params(struct control *control, const NVOS54_PARAMETERS *args,
                       const AbiEntry *entry)
{
    u32 status = check_size(control, entry);

    if (status != NV_OK || !control->size)
        return status;
    if (!args->params)
        return NV_ERR_INVALID_ARGUMENT;
    control->params.data = kvzalloc(control->size, GFP_KERNEL);
    if (!control->params.data)
        return NV_ERR_NO_MEMORY;
    if (copy_from_user(control->params.data, u64_to_user_ptr(args->params), control->size))
        return NV_ERR_INVALID_ADDRESS;
    record_bytes(control->call->record, "data_in", control->params.data, control->size);
    if (!control->params.layout)
        return NV_OK;
    status = find_lists(control);
    return status == NV_OK ? read_lists(control) : status;
}

static u32 write_params(struct control *control, const NVOS54_PARAMETERS *args)
{
    if (!control->params.data)
        return NV_OK;
    record_bytes(control->call->record, "data_out", control->params.data, control->size);
    if (copy_to_user(u64_to_user_ptr(args->params), control->params.data, control->size))
        return NV_ERR_INVALID_ADDRESS;
    return write_lists(control);
}

/* Returns: 0, or the error of the system call. */
static int wait_interruptibly(const struct control *control)
{
    if (!control->wait_ms)
        return 0;
    schedule_timeout_interruptible(msecs_to_jiffies(control->wait_ms));
    return signal_pending(current) ? -ERESTARTSYS : 0;
}

int nv_rm_control(struct nv_call *call)
{
    NVOS54_PARAMETERS *args = call->params.data;
    struct control control = {.call = call, .command = args->cmd, .size = args->paramsSize};
    const AbiEntry *entry = abi_find(ABI_CONTROL, args->cmd);
    int error;
    u32 i;

    record_add(call->record, "what=%s(0x%x)", entry ? entry->name : "?", args->cmd);
    args->status = check_object(&control, args);
    if (args->status == NV_OK)
        args->status = read_params(&control, args, entry);
    if (args->status == NV_OK)
        args->status = run(&control, args);
    if (args->status == NV_OK)
        args->status = write_params(&control, args);
    error = wait_interruptibly(&control);
    record_add(call->record, "status=%s", status_name(args->status));
    for (i = 0; i < control.n_lists; i++)
        kvfree(control.lists[i].data);
    kvfree(control.params.data);
    return error;
}
