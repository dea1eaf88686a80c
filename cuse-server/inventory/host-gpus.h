/* SPDX-License-Identifier: Apache-2.0 */
/* Lists the host's GPUs. */
#pragma once

#include <glib.h>

/**
 * HostGpu: one GPU.
 * @address: PCI address, for example "0000:01:00.0"
 * @uuid: "GPU-..."; "" if the driver does not report a UUID
 * @minor_no: the N of its node /dev/nvidiaN
 */
typedef struct {
    char *address;
    char *uuid;
    unsigned minor_no;
} HostGpu;

/** host_gpus_list: (transfer full): list all GPUs in the order of their PCI addresses. NVML (and nvidia-smi) numbers GPUs in
 * the same order. Returns an array of HostGpu, which frees its strings. */
GArray *host_gpus_list(void);
