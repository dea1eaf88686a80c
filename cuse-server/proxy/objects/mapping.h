/* SPDX-License-Identifier: Apache-2.0 */
/* mmap: what the proxy has to say about it before the driver is asked. */
#pragma once

#include <stdint.h>

#include "cuse-server/proxy/objects/nv-file.h"

/**
 * mapping_check: may this be asked of the driver? Never waits: not for a call on the file either that
 * is in the host's driver and may be making what is to be mapped.
 * @length: bytes, as the caller gave it
 * @offset: into the file, in bytes
 *
 * Returns: 0, or the errno that the driver would give (kernel-open/nvidia/nv-mmap.c,
 * nvidia_mmap_helper; kernel-open/nvidia-uvm/uvm.c, uvm_mmap).
 */
int mapping_check(const NvFile *file, uint64_t length, uint64_t offset);
