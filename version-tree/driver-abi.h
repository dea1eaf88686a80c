/* SPDX-License-Identifier: Apache-2.0 */
/* The ABI of one driver: its node's path from the root, composed into sorted tables. */
#pragma once

#include "version-tree/driver-node.h"

/** DriverAbi: immutable, so any thread may read it without a lock. */
typedef struct DriverAbi DriverAbi;

/** driver_abi_new: compose the ABI of @node, which is not copied (nodes live as long as the
 * program). */
DriverAbi *driver_abi_new(const DriverNode *node);

void driver_abi_free(DriverAbi *abi);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DriverAbi, driver_abi_free)

/** driver_abi_node: what @abi was composed from. */
const DriverNode *driver_abi_node(const DriverAbi *abi);

/** driver_abi_lookup: the entry of this kind and number, or NULL if the driver has none that is
 * allowed. */
const AbiEntry *driver_abi_lookup(const DriverAbi *abi, AbiKind kind, uint32_t number);

/** driver_abi_entries: all entries of a kind by ascending number; @n is set to how many. */
const AbiEntry *driver_abi_entries(const DriverAbi *abi, AbiKind kind, size_t *n);
