/* SPDX-License-Identifier: Apache-2.0 */
/* Lists the host's GPUs, and finds them by the names that people and containers use. */
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

/**
 * host_gpus_minors: translate a value of NVIDIA_VISIBLE_DEVICES into device minors.
 * @names: "all", "none", or indexes and UUIDs joined by commas
 * Returns: "all", "none", or minors joined by commas, as --gpus takes them; the caller frees the string.
 * NULL with an @error that names the GPU that the host does not have.
 */
char *host_gpus_minors(const char *names, GError **error);
