/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Issue every control command of this driver for whose object the program can make: the parameters are a pattern, and the
 * answer is shown as a hash. One section for each handler of the version tree.
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

/* Values that commands check, for structs with a member of that name. */
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

static bool is_list(const AbiField *field)
{
    return field->role.kind == ABI_ROLE_POINTER;
}

static bool is_pointer(const AbiField *field)
{
    return is_list(field) || field->role.kind == ABI_ROLE_NULLED ||
           field->role.kind == ABI_ROLE_REFUSED;
}

/* The number of elements of a list, so that it fills at most LIST_BYTES. */
static NvU32 elements(const AbiRole *role)
{
    const NvU32 most = LIST_BYTES / role->element;

    if (role->flags & ABI_SQUARE) {
        return 2;
    }
    return most < 200 ? most : 200; /* for classes and engines at least as many as there are */
}

/* Let pointers point to lists, except for those that must be null, and set the counts accordingly. */
static void add_lists(const AbiEntry *entry, const Params *params, unsigned char *lists)
{
    for (NvU32 i = 0; i < entry->layout->n_fields; i++) {
        const AbiField *field = &entry->layout->fields[i];

        if (!is_pointer(field) || field->role.kind == ABI_ROLE_REFUSED) {
            continue;
        }
        params_put(params, field->name, 0, (uintptr_t)lists);
        lists += LIST_BYTES;
        if (is_list(field)) {
            params_put(params, field->role.beside, 0, elements(&field->role));
        }
    }
}

static bool has_pointers(const AbiEntry *entry)
{
    for (NvU32 i = 0; i < entry->layout->n_fields; i++) {
        if (is_pointer(&entry->layout->fields[i])) {
            return true;
        }
    }
    return false;
}

/* The call returns the pointers unchanged; in the hash they would differ from run to run. */
static bool clear_pointers(const AbiEntry *entry, const Params *params, const unsigned char *lists)
{
    bool kept = true;

    for (NvU32 i = 0; i < entry->layout->n_fields; i++) {
        const AbiField *field = &entry->layout->fields[i];
        const bool is_null = field->role.kind == ABI_ROLE_REFUSED;

        if (is_pointer(field)) {
            const NvU64 given = is_null ? 0 : (uintptr_t)lists;
            kept = kept && params_get(params, field->name, 0) == given;
            params_put(params, field->name, 0, 0);
            lists += is_null ? 0 : LIST_BYTES;
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

        /* The program share-memory tests commands with descriptors. */
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

/* Commands that no table has, and sizes that the driver does not accept. */
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
