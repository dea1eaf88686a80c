/* SPDX-License-Identifier: Apache-2.0 */
/* Reads lists of GPUs by the names that people and containers use. Inside nvcuse, GPUs are device minors. */
#pragma once

#include <stdbool.h>

#include <glib.h>

/**
 * gpu_list_minors: translate a value of NVIDIA_VISIBLE_DEVICES into device minors, as NVIDIA's own runtime (internal/config/image)
 * and its nvidia-container-cli (src/cli/common.c, select_devices()) do together.
 * @names: "none", or a list joined by commas. An item is an index in the order of nvidia-smi, a UUID, a PCI address, the
 *     name of a CDI device (cdi_name_read()), or "minor:N" for /dev/nvidiaN, which is not looked up. Blanks around items, and items without a name, do not count. "all" stands for all GPUs, whatever else is in the list, and "void" for no request
 * Returns: "all", "none", minors joined by commas, or "" for no request; the caller frees the
 * string. NULL with an @error that names the GPU that the host does not have.
 */
char *gpu_list_minors(const char *names, GError **error);

/** gpu_list_check: check a list for --gpus, without looking at the host. Returns false with @error if it names nothing. */
bool gpu_list_check(const char *names, GError **error);

/** gpu_list_check_limits: check a list for --gpu-memory, without looking at the host. Returns false with @error if an item has no
 * size, or "=" without a GPU before it. */
bool gpu_list_check_limits(const char *text, GError **error);

/**
 * gpu_list_limits: translate the GPUs in a list of limits ("20G,GPU-...=10G") into device minors, as quota_list_parse() takes them.
 * @limits: items joined by commas. A GPU before "=" is named as for gpu_list_minors(), but not as a CDI device
 * Returns: the list; the caller frees it. NULL with an @error that names the GPU that the host does not have.
 */
char *gpu_list_limits(const char *limits, GError **error);

/** gpu_list_by_minor: (transfer full): write a list of minors, or of limits by minor, as gpu_list_minors() and gpu_list_limits() read
 * it: "0,3" becomes "minor:0,minor:3". */
char *gpu_list_by_minor(const char *list);
