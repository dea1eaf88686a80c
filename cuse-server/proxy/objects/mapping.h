/* SPDX-License-Identifier: Apache-2.0 */
/* The proxy's check of an mmap() before the driver is asked. */
#pragma once

#include <stdint.h>

#include "cuse-server/proxy/objects/nv-file.h"

/**
 * mapping_check: check whether the driver may be asked for a mapping. Never waits: it does not even wait
 * for a call on the same file that is in the host's driver and may be creating what the guest wants to map.
 * @length: bytes, as the caller gave it
 * @offset: into the file, in bytes
 *
 * Returns: 0, or the errno that the driver would give (kernel-open/nvidia/nv-mmap.c,
 * nvidia_mmap_helper; kernel-open/nvidia-uvm/uvm.c, uvm_mmap).
 */
int mapping_check(const NvFile *file, uint64_t length, uint64_t offset);

/**
 * mapping_is_managed: whether a mapping would make memory that nvidia-uvm manages, and moves between host and GPU. These are all
 * mappings of a UVM file except those of semaphore pools. Never waits for a call of the driver.
 */
bool mapping_is_managed(const NvFile *file, uint64_t length, uint64_t offset);
