/* SPDX-License-Identifier: Apache-2.0 */
/* One call that a container may make. */
#pragma once

#include <stdint.h>

#include "abi/layout.h"
#include "version-tree/abi-members.h"
#include "version-tree/handler.h"
#include "version-tree/nv-caps.h"

/* The kind of an entry says what its number is. ABI_FRONTEND: the NR byte of an ioctl on /dev/nvidiactl or
 * /dev/nvidiaN; ABI_UVM: the whole ioctl word; ABI_CONTROL: NVOS54_PARAMETERS.cmd; ABI_ALLOC: the
 * class id. */
typedef enum { ABI_FRONTEND, ABI_UVM, ABI_CONTROL, ABI_ALLOC, N_ABI_KINDS } AbiKind;

typedef struct DriverRelease DriverRelease;

/**
 * AbiEntry: one call that a container may make.
 * @name: the driver's name of @number
 * @caps: the entry is open if one of these is enabled
 * @layout: the parameter struct in the shape that this driver has; NULL if there is none. If the
 * entry's parameters may be of any length, the caller does not have to use the struct's size.
 * @short_layout: the older, shorter form that is accepted as well (NVOS21_PARAMETERS for
 * NV_ESC_RM_ALLOC), or NULL
 * @members: the members of @layout that have a role; never NULL in a composed ABI
 * @since: the release that added the number
 * @changed: the last release on the driver's path that changed the entry
 */
typedef struct {
    AbiKind kind;
    AbiHandler handler;
    uint32_t number;
    NvCaps caps;
    const char *name;
    const AbiLayout *layout;
    const AbiLayout *short_layout;
    const AbiMembers *members;
    const DriverRelease *since;
    const DriverRelease *changed;
} AbiEntry;

/** abi_handler_kind: get the kind of entries that a handler is for. */
AbiKind abi_handler_kind(AbiHandler handler);

/** abi_kind_name: get a kind's name: "frontend", "uvm", "control" or "alloc". */
const char *abi_kind_name(AbiKind kind);
