/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers look members up by name, and arrays up by place: at every driver version they must be
 * there. */
#include <stddef.h>
#include <string.h>

#include <criterion/criterion.h>

#include "version-tree/driver-abi.h"

static const struct {
    AbiHandler handler;
    const char *member;
    uint32_t size;
} members[] = {
    {HANDLER_ctrl_fifo_disable_channels, "pRunlistPreemptEvent", 8},
};

/* Counts and pointers that control-arrays.c finds by the offsets of one of the structs. */
static const struct {
    AbiHandler handler;
    uint32_t count_at;
    uint32_t pointer_at;
} arrays[] = {
    {HANDLER_ctrl_info_list, 0, 8},
    {HANDLER_ctrl_u32_list, 0, 8},
    {HANDLER_ctrl_get_caps, 0, 8},
    {HANDLER_ctrl_exec_reg_ops, 20, 24},
    {HANDLER_ctrl_debug_read_memory, 4, 16},
    {HANDLER_ctrl_fifo_get_channellist, 0, 8},
    {HANDLER_ctrl_fifo_get_channellist, 0, 16},
    {HANDLER_ctrl_get_p2p_caps, 128, 160},
    {HANDLER_ctrl_get_p2p_caps_egm, 128, 160},
    {HANDLER_ctrl_get_p2p_caps_egm, 128, 168},
};

static const AbiField *field_at(const AbiLayout *layout, uint32_t offset)
{
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        if (layout->fields[i].offset == offset) {
            return &layout->fields[i];
        }
    }
    return NULL;
}

static const AbiField *field_named(const AbiLayout *layout, const char *name)
{
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        if (strcmp(layout->fields[i].name, name) == 0) {
            return &layout->fields[i];
        }
    }
    return NULL;
}

static unsigned check_entry(const AbiEntry *entry, const char *version)
{
    unsigned checked = 0;

    for (size_t m = 0; m < G_N_ELEMENTS(members); m++) {
        if (members[m].handler == entry->handler) {
            const AbiField *field = field_named(entry->layout, members[m].member);
            cr_assert_not_null(field, "%s: %s.%s", version, entry->name, members[m].member);
            cr_assert_eq(field->size, members[m].size, "%s: %s", version, entry->name);
            checked++;
        }
    }
    for (size_t a = 0; a < G_N_ELEMENTS(arrays); a++) {
        if (arrays[a].handler == entry->handler) {
            const AbiField *count = field_at(entry->layout, arrays[a].count_at);
            const AbiField *pointer = field_at(entry->layout, arrays[a].pointer_at);
            cr_assert(count && count->size == 4, "%s: %s", version, entry->name);
            cr_assert(pointer && strcmp(pointer->type->name, "NvP64") == 0, "%s: %s", version,
                      entry->name);
            checked++;
        }
    }
    return checked;
}

Test(handler_members, are_there_at_every_version)
{
    size_t n_nodes;
    const DriverNode *const *nodes = driver_nodes(&n_nodes);

    for (size_t i = 0; i < n_nodes; i++) {
        g_autoptr(DriverAbi) abi = driver_abi_new(nodes[i]);
        char buffer[DRIVER_VERSION_MAX];
        const char *version = driver_version_format(nodes[i]->version, buffer);
        unsigned checked = 0;
        for (int kind = 0; kind < N_ABI_KINDS; kind++) {
            size_t n;
            const AbiEntry *entries = driver_abi_entries(abi, (AbiKind)kind, &n);
            for (size_t e = 0; e < n; e++) {
                checked += check_entry(&entries[e], version);
            }
        }
        cr_assert_gt(checked, 15, "%s: only %u", version, checked);
    }
}
