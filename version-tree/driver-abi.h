/* SPDX-License-Identifier: Apache-2.0 */
/* The ABI of one driver: the changes on the path from the root to its release, composed into sorted tables. */
#pragma once

#include "version-tree/driver-release.h"

/** DriverAbi: immutable, so any thread may read it without a lock. */
typedef struct DriverAbi DriverAbi;

/** driver_abi_new: compose the ABI of @release. Does not copy @release: releases live as long as the
 * program. */
DriverAbi *driver_abi_new(const DriverRelease *release);

void driver_abi_free(DriverAbi *abi);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DriverAbi, driver_abi_free)

/** driver_abi_release: get the release that @abi was composed from. */
const DriverRelease *driver_abi_release(const DriverAbi *abi);

/** driver_abi_lookup: find the entry of this kind and number. Returns NULL if the driver's tables do not
 * have it. */
const AbiEntry *driver_abi_lookup(const DriverAbi *abi, AbiKind kind, uint32_t number);

/** driver_abi_entries: get all entries of a kind, sorted by number. @n is set to their number. */
const AbiEntry *driver_abi_entries(const DriverAbi *abi, AbiKind kind, size_t *n);
