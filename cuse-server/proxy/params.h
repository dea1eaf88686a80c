/* SPDX-License-Identifier: Apache-2.0 */
/* Members of a parameter struct by name, for handlers that serve structs of several shapes. */
#pragma once

#include <string.h>

#include <glib.h>

#include "abi/layout.h"

/** params_field: a member that the struct has in all its shapes. */
static inline const AbiField *params_field(const AbiLayout *layout, const char *name)
{
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        if (strcmp(layout->fields[i].name, name) == 0) {
            return &layout->fields[i];
        }
    }
    g_error("%s has no member %s", layout->name, name); /* a mistake in the tables */
}

/** params_get_fd: a file descriptor: the low half where the member is wider. */
static inline int params_get_fd(const void *params, const AbiField *field)
{
    int32_t fd;

    memcpy(&fd, (const char *)params + field->offset, sizeof fd);
    return fd;
}

/** params_set_fd: put one there, the upper half, if any, zero. */
static inline void params_set_fd(void *params, const AbiField *field, int fd)
{
    uint64_t wide = (uint32_t)fd;

    memcpy((char *)params + field->offset, &wide, field->size);
}

/** params_get_u32: a handle or a number. */
static inline uint32_t params_get_u32(const void *params, const AbiField *field)
{
    uint32_t value;

    memcpy(&value, (const char *)params + field->offset, sizeof value);
    return value;
}
