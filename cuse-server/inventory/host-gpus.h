/* SPDX-License-Identifier: Apache-2.0 */
/* The host's GPUs by the names that people and containers give them. */
#pragma once

#include <glib.h>

/**
 * HostGpu: one GPU.
 * @address: PCI address, for example "0000:01:00.0"
 * @uuid: "GPU-..."; "" if the driver does not say one
 * @minor_no: N of its node /dev/nvidiaN
 */
typedef struct {
    char *address;
    char *uuid;
    unsigned minor_no;
} HostGpu;

/** host_gpus_list: all of them, as an array of HostGpu that frees what it holds, in the order of
 * PCI addresses, which is that of NVML's (and nvidia-smi's) indexes. */
GArray *host_gpus_list(void);

/**
 * host_gpus_minors: translate what NVIDIA_VISIBLE_DEVICES may hold into device minors.
 * @names: "all", "none", or indexes and UUIDs joined by commas
 * Returns: "all", "none", or minors joined by commas, as --gpus takes them; the caller frees it.
 * NULL with @error that names the GPU that is not there.
 */
char *host_gpus_minors(const char *names, GError **error);
