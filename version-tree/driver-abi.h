/* SPDX-License-Identifier: Apache-2.0 */
/* The ABI of one driver: the changes on the path from the root to its node, composed into sorted tables. */
#pragma once

#include "version-tree/driver-node.h"

/** DriverAbi: immutable, so any thread may read it without a lock. */
typedef struct DriverAbi DriverAbi;

/** driver_abi_new: compose the ABI of @node. Does not copy @node: nodes live as long as the
 * program. */
DriverAbi *driver_abi_new(const DriverNode *node);

void driver_abi_free(DriverAbi *abi);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DriverAbi, driver_abi_free)

/** driver_abi_node: get the node that @abi was composed from. */
const DriverNode *driver_abi_node(const DriverAbi *abi);

/** driver_abi_lookup: find the entry of this kind and number. Returns NULL if the driver's tables do not
 * have it. */
const AbiEntry *driver_abi_lookup(const DriverAbi *abi, AbiKind kind, uint32_t number);

/** driver_abi_entries: get all entries of a kind, sorted by number. @n is set to their number. */
const AbiEntry *driver_abi_entries(const DriverAbi *abi, AbiKind kind, size_t *n);
