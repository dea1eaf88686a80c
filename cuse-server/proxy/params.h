/* SPDX-License-Identifier: Apache-2.0 */
/* Members of a parameter struct by name, for handlers that serve structs of several shapes. */
#pragma once

#include <string.h>

#include <glib.h>

#include "abi/layout.h"

/** params_find: a member, or NULL if the struct does not have it in this shape. */
static inline const AbiField *params_find(const AbiLayout *layout, const char *name)
{
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        if (strcmp(layout->fields[i].name, name) == 0) {
            return &layout->fields[i];
        }
    }
    return NULL;
}

/** params_field: a member that the struct has in all its shapes. */
static inline const AbiField *params_field(const AbiLayout *layout, const char *name)
{
    const AbiField *field = params_find(layout, name);

    if (!field) {
        g_error("%s has no member %s", layout->name, name); /* a mistake in the tables */
    }
    return field;
}

/** params_at: where a member is. */
static inline void *params_at(void *params, const AbiField *field)
{
    return (char *)params + field->offset;
}

/** params_get_u32: a handle or a number. */
static inline uint32_t params_get_u32(const void *params, const AbiField *field)
{
    uint32_t value;

    memcpy(&value, (const char *)params + field->offset, sizeof value);
    return value;
}
