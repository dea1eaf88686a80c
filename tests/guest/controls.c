/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every control command of this driver whose object the program can make: parameters of a pattern
 * in, and what came out as a hash. One section for each handler of the version tree.
 */
#include <stdio.h>
#include <string.h>

#include "tests/guest/rm.h"

#define LIST_BYTES 1024

/* An object for commands whose upper half is @group. */
static NvHandle object_of(const Tree *t, NvU32 command)
{
    switch (command >> 16) {
    case 0x0000:
        return t->client;
    case 0x0080:
        return H_DEVICE;
    case 0x2080:
        return H_SUBDEVICE;
    case 0x0041:
        return H_SYSTEM;
    default:
        return 0;
    }
}

/* Values that commands look at, where a struct has a member of that name. */
static const struct {
    const char *name;
    unsigned index;
    NvU64 value;
} presets[] = {
    {"gpuId", 0, 0x100},     {"gpuIds", 0, 0x100}, {"gpuIds", 1, 0x200}, {"gpuIds", 2, 0xffffffff},
    {"gpuCount", 0, 2},      {"grpACount", 0, 2},  {"grpBCount", 0, 0},  {"gpuIdGrpA", 0, 0x100},
    {"gpuIdGrpA", 1, 0x200}, {"event", 0, 3},      {"action", 0, 2},     {"fbInfoListSize", 0, 2},
};

static void preset(const Params *params)
{
    for (size_t i = 0; i < G_N_ELEMENTS(presets); i++) {
        if (params_has(params, presets[i].name)) {
            params_put(params, presets[i].name, presets[i].index, presets[i].value);
        }
    }
}

/* How many elements a handler's lists are given, so that they fill no more than LIST_BYTES. */
static NvU32 elements(AbiHandler handler)
{
    switch (handler) {
    case HANDLER_ctrl_info_list:
        return 8;
    case HANDLER_ctrl_u32_list:
        return 200; /* as many as there are classes, or more */
    case HANDLER_ctrl_get_build_version:
    case HANDLER_ctrl_get_caps:
        return 64;
    case HANDLER_ctrl_fifo_disable_channels:
        return 0;
    default:
        return 2;
    }
}

/* Point the members that are pointers at lists, and make the count, just before the first, fit. */
static void add_lists(const AbiEntry *entry, const Params *params, unsigned char *lists)
{
    const AbiLayout *layout = entry->layout;
    NvU32 n = elements(entry->handler);
    bool counted = false;

    for (NvU32 i = 0; i < layout->n_fields && n; i++) {
        const AbiField *field = &layout->fields[i];

        if (strcmp(field->type->name, "NvP64") == 0) {
            params_put(params, field->name, 0, (uintptr_t)lists);
            lists += LIST_BYTES;
            if (i > 0 && !counted && layout->fields[i - 1].size == sizeof n) {
                params_put(params, layout->fields[i - 1].name, 0, n);
            }
            counted = true;
        }
    }
}

static bool has_pointers(const AbiEntry *entry)
{
    for (NvU32 i = 0; i < entry->layout->n_fields; i++) {
        if (strcmp(entry->layout->fields[i].type->name, "NvP64") == 0) {
            return true;
        }
    }
    return false;
}

/* The pointers are the same when the call returns, and would differ from run to run in the hash. */
static bool clear_pointers(const AbiEntry *entry, const Params *params, const unsigned char *lists)
{
    bool has_list = elements(entry->handler) > 0, kept = true;

    for (NvU32 i = 0; i < entry->layout->n_fields; i++) {
        const AbiField *field = &entry->layout->fields[i];

        if (strcmp(field->type->name, "NvP64") == 0) {
            kept =
                kept && params_get(params, field->name, 0) == (uintptr_t)(has_list ? lists : NULL);
            params_put(params, field->name, 0, 0);
            lists += LIST_BYTES;
        }
    }
    return kept;
}

static void try_command(const Tree *t, const AbiEntry *entry)
{
    unsigned char lists[4 * LIST_BYTES];
    Params params = control_params(entry->number);
    int64_t result;
    bool kept = true;

    for (size_t i = 0; i < sizeof lists; i++) {
        lists[i] = (unsigned char)(i * 7);
    }
    for (size_t i = 0; i < params.size; i++) {
        params.data[i] = (unsigned char)(i * 13 + entry->number);
    }
    if (entry->layout && has_pointers(entry)) {
        memset(params.data, 0, params.size);
        add_lists(entry, &params, lists);
    }
    preset(&params);
    result = rm_control(t->ctl, t->client, object_of(t, entry->number), entry->number, params.data,
                        params.size);
    if (entry->layout && has_pointers(entry)) {
        kept = clear_pointers(entry, &params, lists);
    }
    say("%s: %s %016llx %016llx%s", entry->name, status(result),
        (unsigned long long)hash(params.data, params.size),
        (unsigned long long)hash(lists, sizeof lists), kept ? "" : " pointers changed");
    params_free(&params);
}

static void try_handler(const Tree *t, AbiHandler handler)
{
    size_t n;
    const AbiEntry *entries = driver_abi_entries(abi(), ABI_CONTROL, &n);
    bool begun = false;

    for (size_t i = 0; i < n; i++) {
        const NvCaps open_caps = NV_CAP_COMPUTE | NV_CAP_UTILITY;

        /* Those with descriptors are for share-memory. */
        if (entries[i].handler != handler || handler == HANDLER_ctrl_has_frontend_fd ||
            handler == HANDLER_ctrl_export || handler == HANDLER_ctrl_import ||
            !object_of(t, entries[i].number) || !(entries[i].caps & open_caps) ||
            !entries[i].layout) {
            continue;
        }
        if (!begun) {
            section(abi_handler_name(handler));
            begun = true;
        }
        try_command(t, &entries[i]);
    }
}

/* Commands that are not in any table, and sizes that the driver has not. */
static void others(const Tree *t)
{
    unsigned char data[64] = {1, 2, 3};
    NvHandle client = t->client;

    say("legacy: %s",
        status(rm_control(t->ctl, client, H_SUBDEVICE, 0x20808abc, data, sizeof data)));
    say("  %016llx", (unsigned long long)hash(data, sizeof data));
    say("unknown: %s",
        status(rm_control(t->ctl, client, H_SUBDEVICE, 0x20807abc, data, sizeof data)));
    say("  %016llx", (unsigned long long)hash(data, sizeof data));
    say("one byte less: %s",
        status(rm_control(t->ctl, client, H_SUBDEVICE, NV2080_CTRL_CMD_GPU_GET_SHORT_NAME_STRING,
                          data, sizeof data - 1)));
    say("no parameters: %s",
        status(rm_control(t->ctl, client, H_SUBDEVICE, NV2080_CTRL_CMD_GPU_GET_ID, NULL, 0)));
}

int main(void)
{
    Tree t = tree();

    memory_new(&t, H_SYSTEM, NV01_MEMORY_SYSTEM, 4096);
    for (unsigned handler = 0; handler < N_ABI_HANDLERS; handler++) {
        try_handler(&t, (AbiHandler)handler);
    }
    section("others");
    others(&t);
    tree_close(&t);
    return 0;
}
