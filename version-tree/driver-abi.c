/* SPDX-License-Identifier: Apache-2.0 */
#include "version-tree/driver-abi.h"

struct DriverAbi {
    const DriverNode *node;
    GArray *entries[N_ABI_KINDS]; /* of AbiEntry, by number */
};

/* The place of @number: its index if @found, else where it belongs. */
static guint find(const GArray *entries, uint32_t number, gboolean *found)
{
    guint low = 0, high = entries->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;

        if (g_array_index(entries, AbiEntry, middle).number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *found = low < entries->len && g_array_index(entries, AbiEntry, low).number == number;
    return low;
}

static void apply_change(DriverAbi *abi, const DriverNode *node, const AbiChange *change)
{
    GArray *entries = abi->entries[change->entry.kind];
    AbiEntry entry = change->entry;
    gboolean found;
    guint i = find(entries, entry.number, &found);

    /* A row that does not fit its parent is a mistake in the tree; the tests compose every node. */
    g_return_if_fail(found == (change->op != ABI_ADD));
    if (change->op == ABI_REMOVE) {
        g_array_remove_index(entries, i);
        return;
    }
    entry.changed = node;
    if (change->op == ABI_ADD) {
        entry.since = node;
        g_array_insert_val(entries, i, entry);
    } else {
        entry.since = g_array_index(entries, AbiEntry, i).since;
        g_array_index(entries, AbiEntry, i) = entry;
    }
}

static void apply_node(DriverAbi *abi, const DriverNode *node)
{
    if (node->parent) {
        apply_node(abi, node->parent);
    }
    for (size_t i = 0; i < node->n_changes; i++) {
        apply_change(abi, node, &node->changes[i]);
    }
}

/* The shape that @layout has at @abi's node, and the node that brought it (NULL if it is the first
 * shape). */
static const AbiLayout *shape_of(const DriverAbi *abi, const AbiLayout *layout,
                                 const DriverNode **since)
{
    *since = NULL;
    if (!layout) {
        return NULL;
    }
    for (const DriverNode *node = abi->node; node; node = node->parent) {
        for (size_t i = 0; i < node->n_shapes; i++) {
            if (node->shapes[i].of == layout) {
                *since = node;
                return node->shapes[i].is;
            }
        }
    }
    return layout;
}

DriverAbi *driver_abi_new(const DriverNode *node)
{
    DriverAbi *abi = g_new0(DriverAbi, 1);

    abi->node = node;
    for (int kind = 0; kind < N_ABI_KINDS; kind++) {
        abi->entries[kind] = g_array_new(FALSE, FALSE, sizeof(AbiEntry));
    }
    apply_node(abi, node);

    for (int kind = 0; kind < N_ABI_KINDS; kind++) {
        for (guint i = 0; i < abi->entries[kind]->len; i++) {
            AbiEntry *entry = &g_array_index(abi->entries[kind], AbiEntry, i);
            const DriverNode *since;

            entry->layout = shape_of(abi, entry->layout, &since);
            if (since && driver_version_compare(since->version, entry->changed->version) > 0) {
                entry->changed = since;
            }
        }
    }
    return abi;
}

void driver_abi_free(DriverAbi *abi)
{
    if (!abi) {
        return;
    }
    for (int kind = 0; kind < N_ABI_KINDS; kind++) {
        g_array_free(abi->entries[kind], TRUE);
    }
    g_free(abi);
}

const DriverNode *driver_abi_node(const DriverAbi *abi)
{
    return abi->node;
}

const AbiEntry *driver_abi_lookup(const DriverAbi *abi, AbiKind kind, uint32_t number)
{
    const GArray *entries = abi->entries[kind];
    gboolean found;
    guint i = find(entries, number, &found);

    return found ? &g_array_index(entries, AbiEntry, i) : NULL;
}

const AbiEntry *driver_abi_entries(const DriverAbi *abi, AbiKind kind, size_t *n)
{
    *n = abi->entries[kind]->len;
    return (const AbiEntry *)(const void *)abi->entries[kind]->data;
}
