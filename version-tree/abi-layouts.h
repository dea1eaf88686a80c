/* SPDX-License-Identifier: Apache-2.0 */
/* Struct layouts as a reader sees them: flat rows, and all structs of one driver. */
#pragma once

#include "version-tree/driver-abi.h"

/**
 * AbiFieldRow: one member, with members of unnamed structs and unions spelled out
 * (`data.AllocSize.owner`; in an array of unnamed structs `map[].offset` stands for element 0). A
 * member of a named struct type is one row.
 * @path: owned by the row
 * @type: owned by the row; "struct[13]" for an array of unnamed structs
 * @offset, @size: in bytes from the start of the outermost struct
 * @role: see abi/role.h; @of: the type, of an array's element. NULL: of a member that is not the table's
 */
typedef struct {
    char *path;
    char *type;
    uint32_t offset;
    uint32_t size;
    const AbiRole *role;
    const AbiLayout *of;
} AbiFieldRow;

/** abi_layout_field: a member by its name, or NULL if the struct does not have it in this shape. */
const AbiField *abi_layout_field(const AbiLayout *layout, const char *name);

/** abi_layout_rows: (transfer full): the members of a struct as an array of AbiFieldRow. */
GArray *abi_layout_rows(const AbiLayout *layout);

/**
 * driver_abi_structs: every struct that a driver's entries use, nested ones and elements of lists
 * included.
 *
 * Returns: (transfer full): AbiLayout pointers by name; scalars are not among them, opaque structs
 * are.
 */
GPtrArray *driver_abi_structs(const DriverAbi *abi);
