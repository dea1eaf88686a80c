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
 * host_gpus_minors: translate a value of NVIDIA_VISIBLE_DEVICES into device minors, as NVIDIA's own runtime (internal/config/image)
 * and its nvidia-container-cli (src/cli/common.c, select_devices()) do together.
 * @names: "none", or a list joined by commas. An item is an index, a UUID, a PCI address, or the name of a CDI device
 *     (cdi_name_read()). Blanks around items, and items without a name, do not count. "all" stands for all GPUs, whatever else is in the list, and "void" for no request
 * Returns: "all", "none", minors joined by commas, as --gpus takes them, or "" for no request; the caller frees the
 * string. NULL with an @error that names the GPU that the host does not have.
 */
char *host_gpus_minors(const char *names, GError **error);
