/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/kernel.h>
#include <linux/string.h>

#include "abi-tree.h"
#include "abi/status.h"
#include "version-tree/driver-release.h"
#include "version-tree/drivers/driver-list.h"

#define DECLARE(RELEASE) extern const DriverRelease driver_##RELEASE;
DRIVER_RELEASES(DECLARE)
#define ADDRESS(RELEASE) &driver_##RELEASE,
static const DriverRelease *const releases[] = {DRIVER_RELEASES(ADDRESS)};

static const DriverRelease *selected;

static u64 as_number(DriverVersion v)
{
    return (u64)v.major << 32 | (u64)v.minor << 16 | v.patch;
}

int abi_select(const char *version)
{
    DriverVersion wanted = {0};
    size_t i;

    if (sscanf(version, "%hu.%hu.%hu", &wanted.major, &wanted.minor, &wanted.patch) < 2)
        return -EINVAL;
    for (i = 0; i < ARRAY_SIZE(releases); i++) {
        DriverVersion v = releases[i]->version;

        if (v.major == wanted.major && as_number(v) <= as_number(wanted) &&
            (!selected || as_number(v) > as_number(selected->version)))
            selected = releases[i];
    }
    return selected ? 0 : -ENOENT;
}

unsigned int abi_major(void)
{
    return selected->version.major;
}

const AbiLayout *abi_shape(const AbiLayout *layout)
{
    const DriverRelease *release;
    size_t i;

    for (release = selected; layout && release; release = release->parent)
        for (i = 0; i < release->n_shapes; i++)
            if (release->shapes[i].of == layout)
                return release->shapes[i].is;
    return layout;
}

/* The newest change on the path from the selected release to the root decides. */
const AbiEntry *abi_find(AbiKind kind, u32 number)
{
    const DriverRelease *release;
    size_t i;

    for (release = selected; release; release = release->parent)
        for (i = 0; i < release->n_changes; i++) {
            const AbiChange *change = &release->changes[i];

            if (change->entry.kind == kind && change->entry.number == number)
                return change->op == ABI_REMOVE ? NULL : &change->entry;
        }
    return NULL;
}

void abi_entries(AbiKind kind, bool (*visit)(const AbiEntry *, void *), void *data)
{
    const DriverRelease *release;
    size_t i;

    for (release = selected; release; release = release->parent)
        for (i = 0; i < release->n_changes; i++) {
            const AbiEntry *entry = &release->changes[i].entry;

            /* Whether no newer release has replaced the entry. */
            if (entry->kind == kind && abi_find(kind, entry->number) == entry &&
                !visit(entry, data))
                return;
        }
}

/* The member of a struct by the first @length bytes of @name. */
static const AbiField *member(const AbiLayout *layout, const char *name, size_t length)
{
    u32 i;

    for (i = 0; layout && i < layout->n_fields; i++)
        if (strlen(layout->fields[i].name) == length &&
            memcmp(layout->fields[i].name, name, length) == 0)
            return &layout->fields[i];
    return NULL;
}

/* The member of a dotted name; @offset is set to its offset in the outermost struct. */
static const AbiField *resolve(const AbiLayout *layout, const char *name, u32 *offset)
{
    const AbiField *field = NULL;

    *offset = 0;
    while (*name) {
        size_t length = strcspn(name, ".");

        field = member(layout, name, length);
        if (!field)
            return NULL;
        *offset += field->offset;
        layout = field->type;
        name += length + (name[length] == '.');
    }
    return field;
}

bool params_has(const struct params *params, const char *name)
{
    u32 offset;

    return resolve(params->layout, name, &offset);
}

static void *element(const struct params *params, const char *name, u32 index, u32 *size)
{
    u32 offset;
    const AbiField *field = resolve(params->layout, name, &offset);

    if (WARN(!field, "nvcuse-model: %s has no member %s\n", params->layout->name, name) ||
        WARN_ON(((u64)index + 1) * field->type->size > field->size))
        return NULL;
    *size = field->type->size;
    return (u8 *)params->data + offset + (size_t)index * field->type->size;
}

u64 params_get_at(const struct params *params, const char *name, u32 index)
{
    u32 size;
    u64 value = 0;
    const void *from = element(params, name, index, &size);

    if (from && !WARN_ON(size > sizeof(value)))
        memcpy(&value, from, size); /* little-endian */
    return value;
}

void params_put_at(const struct params *params, const char *name, u32 index, u64 value)
{
    u32 size;
    void *to = element(params, name, index, &size);

    if (to && !WARN_ON(size > sizeof(value)))
        memcpy(to, &value, size);
}

void *params_array(const struct params *params, const char *name, u32 *size)
{
    u32 offset;
    const AbiField *field = resolve(params->layout, name, &offset);

    if (WARN(!field, "nvcuse-model: %s has no member %s\n", params->layout->name, name))
        return NULL;
    *size = field->size;
    return (u8 *)params->data + offset;
}

u32 params_length(const struct params *params, const char *name)
{
    u32 offset;
    const AbiField *field = resolve(params->layout, name, &offset);

    return field ? field->size / field->type->size : 0;
}

const char *status_name(u32 status)
{
    const char *name = nv_status_name(status);

    return name ? name : "?";
}
