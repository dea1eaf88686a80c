/* SPDX-License-Identifier: Apache-2.0 */
/* Lists a struct's members as flat rows, and all structs of one driver, for people who read them. */
#pragma once

#include "version-tree/driver-abi.h"

/**
 * AbiFieldRow: one member of a struct. Each member of an unnamed struct or union has its own row
 * (`data.AllocSize.owner`; in an array of unnamed structs `map[].offset` stands for element 0). A
 * member of a named struct type is one row.
 * @path: owned by the row
 * @type: owned by the row; "struct[13]" for an array of unnamed structs
 * @offset, @size: in bytes from the start of the outermost struct
 * @role: see abi/role.h
 * @of: the type of the member, or of an array's element
 * @role and @of are NULL if the member does not come from the driver's table
 */
typedef struct {
    char *path;
    char *type;
    uint32_t offset;
    uint32_t size;
    const AbiRole *role;
    const AbiLayout *of;
} AbiFieldRow;

/** abi_layout_field: find a member by its name. Returns NULL if this shape of the struct does not have it. */
const AbiField *abi_layout_field(const AbiLayout *layout, const char *name);

/** abi_layout_rows: list the members of a struct. Returns: (transfer full): array of AbiFieldRow. */
GArray *abi_layout_rows(const AbiLayout *layout);

/**
 * driver_abi_structs: list every struct that a driver's entries use, including nested structs and
 * elements of lists.
 *
 * Returns: (transfer full): AbiLayout pointers, sorted by name; with opaque structs, without scalars.
 */
GPtrArray *driver_abi_structs(const DriverAbi *abi);
