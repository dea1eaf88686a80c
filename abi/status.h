/* SPDX-License-Identifier: Apache-2.0 */
/* NvStatus: what the resource manager answers inside a parameter struct. Driver file:
 * nvstatuscodes.h. */
#pragma once

#include <stdint.h>

/* X(name, value), in the order of the values: those that nvcuse itself answers or has to tell
 * apart. */
#define NV_STATUSES(X)                           \
    X(NV_OK, 0x00000000)                         \
    X(NV_ERR_BUSY_RETRY, 0x00000003)             \
    X(NV_ERR_ILLEGAL_ACTION, 0x00000016)         \
    X(NV_ERR_INSUFFICIENT_RESOURCES, 0x0000001a) \
    X(NV_ERR_INVALID_ADDRESS, 0x0000001e)        \
    X(NV_ERR_INVALID_ARGUMENT, 0x0000001f)       \
    X(NV_ERR_INVALID_CLASS, 0x00000022)          \
    X(NV_ERR_INVALID_CLIENT, 0x00000023)         \
    X(NV_ERR_INVALID_FLAGS, 0x00000029)          \
    X(NV_ERR_INVALID_LIMIT, 0x0000002e)          \
    X(NV_ERR_INVALID_PARAM_STRUCT, 0x0000003a)   \
    X(NV_ERR_INVALID_STATE, 0x00000040)          \
    X(NV_ERR_NOT_SUPPORTED, 0x00000056)          \
    X(NV_ERR_OBJECT_NOT_FOUND, 0x00000057)       \
    X(NV_ERR_PAGE_TABLE_NOT_AVAIL, 0x0000005d)   \
    X(NV_ERR_STATE_IN_USE, 0x00000063)           \
    X(NV_WARN_NOTHING_TO_DO, 0x00010006)

#define NV_STATUS_ENUMERATOR(NAME, VALUE) NAME = VALUE,
enum { NV_STATUSES(NV_STATUS_ENUMERATOR) };
#undef NV_STATUS_ENUMERATOR

/**
 * nv_status_name: the driver's name of a status.
 *
 * Returns: for example "NV_ERR_INVALID_CLIENT"; NULL for a status that is not listed above.
 */
const char *nv_status_name(uint32_t status);
