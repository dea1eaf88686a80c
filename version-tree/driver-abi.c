/* SPDX-License-Identifier: Apache-2.0 */
#include "version-tree/driver-abi.h"

/*
 * Index: a hash table from an entry's number to its index.
 * @slots: each has an entry's index + 1, at the hash of the entry's number or behind it; 0: the slot is free
 * @shift: for the hash
 */
typedef struct {
    uint16_t *slots;
    unsigned mask;
    unsigned shift;
} Index;

struct DriverAbi {
    const DriverRelease *release;
    GArray *entries[N_ABI_KINDS]; /* of AbiEntry, sorted by number */
    Index indices[N_ABI_KINDS];
    GHashTable *members; /* AbiLayout -> AbiMembers */
};

/* Find the index of @number. If it is not @found, return the index at which it belongs. */
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

static void apply_change(DriverAbi *abi, const DriverRelease *release, const AbiChange *change)
{
    GArray *entries = abi->entries[change->entry.kind];
    AbiEntry entry = change->entry;
    gboolean found;
    guint i = find(entries, entry.number, &found);

    /* If a row does not fit its release's parent, the tree has a mistake. The tests compose every release. */
    g_return_if_fail(found == (change->op != ABI_ADD));
    if (change->op == ABI_REMOVE) {
        g_array_remove_index(entries, i);
        return;
    }
    entry.changed = release;
    if (change->op == ABI_ADD) {
        entry.since = release;
        g_array_insert_val(entries, i, entry);
    } else {
        entry.since = g_array_index(entries, AbiEntry, i).since;
        g_array_index(entries, AbiEntry, i) = entry;
    }
}

static void apply_release(DriverAbi *abi, const DriverRelease *release)
{
    if (release->parent) {
        apply_release(abi, release->parent);
    }
    for (size_t i = 0; i < release->n_changes; i++) {
        apply_change(abi, release, &release->changes[i]);
    }
}

/* Find the shape that @layout has at @abi's release. @since: set to the release that brought the shape; NULL if it is the
 * first shape. */
static const AbiLayout *shape_of(const DriverAbi *abi, const AbiLayout *layout,
                                 const DriverRelease **since)
{
    *since = NULL;
    if (!layout) {
        return NULL;
    }
    for (const DriverRelease *release = abi->release; release; release = release->parent) {
        for (size_t i = 0; i < release->n_shapes; i++) {
            if (release->shapes[i].of == layout) {
                *since = release;
                return release->shapes[i].is;
            }
        }
    }
    return layout;
}

static uint32_t slot_of(const Index *index, uint32_t number)
{
    return (number * UINT32_C(0x9e3779b1)) >>
           index->shift; /* golden ratio: puts neighbouring numbers far apart */
}

/* Make the index. At most half of its slots are taken. */
static void make_index(Index *index, const GArray *entries)
{
    unsigned bits = 1;

    while ((1U << bits) < 2 * (entries->len + 1)) {
        bits++;
    }
    index->mask = (1U << bits) - 1;
    index->shift = 32 - bits;
    index->slots = g_new0(uint16_t, index->mask + 1);
    for (guint i = 0; i < entries->len; i++) {
        uint32_t slot = slot_of(index, g_array_index(entries, AbiEntry, i).number);
        while (index->slots[slot]) {
            slot = (slot + 1) & index->mask;
        }
        index->slots[slot] = (uint16_t)(i + 1);
    }
}

static void free_members(gpointer members)
{
    abi_members_free(members);
}

static const AbiMembers *members_of(DriverAbi *abi, const AbiLayout *layout)
{
    if (!layout) {
        return &abi_members_none;
    }
    AbiMembers *members = g_hash_table_lookup(abi->members, layout);
    if (!members) {
        members = abi_members_new(layout);
        g_hash_table_insert(abi->members, (gpointer)layout, members);
    }
    return members;
}

DriverAbi *driver_abi_new(const DriverRelease *release)
{
    DriverAbi *abi = g_new0(DriverAbi, 1);

    abi->release = release;
    abi->members = g_hash_table_new_full(NULL, NULL, NULL, free_members);
    for (int kind = 0; kind < N_ABI_KINDS; kind++) {
        abi->entries[kind] = g_array_new(FALSE, FALSE, sizeof(AbiEntry));
    }
    apply_release(abi, release);

    for (int kind = 0; kind < N_ABI_KINDS; kind++) {
        for (guint i = 0; i < abi->entries[kind]->len; i++) {
            AbiEntry *entry = &g_array_index(abi->entries[kind], AbiEntry, i);
            const DriverRelease *since;

            entry->layout = shape_of(abi, entry->layout, &since);
            if (since && driver_version_compare(since->version, entry->changed->version) > 0) {
                entry->changed = since;
            }
            entry->members = members_of(abi, entry->layout);
        }
        make_index(&abi->indices[kind], abi->entries[kind]);
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
        g_free(abi->indices[kind].slots);
    }
    g_hash_table_unref(abi->members);
    g_free(abi);
}

const DriverRelease *driver_abi_release(const DriverAbi *abi)
{
    return abi->release;
}

const AbiEntry *driver_abi_lookup(const DriverAbi *abi, AbiKind kind, uint32_t number)
{
    const Index *index = &abi->indices[kind];
    const AbiEntry *entries = (const AbiEntry *)(const void *)abi->entries[kind]->data;

    for (uint32_t slot = slot_of(index, number); index->slots[slot];
         slot = (slot + 1) & index->mask) {
        const AbiEntry *entry = &entries[index->slots[slot] - 1];
        if (entry->number == number) {
            return entry;
        }
    }
    return NULL;
}

const AbiEntry *driver_abi_entries(const DriverAbi *abi, AbiKind kind, size_t *n)
{
    *n = abi->entries[kind]->len;
    return (const AbiEntry *)(const void *)abi->entries[kind]->data;
}
