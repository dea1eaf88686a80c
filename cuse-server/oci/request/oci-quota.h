/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the memory quotas of a container's instance. */
#pragma once

#include <stdbool.h>

#include "cuse-server/oci/request/oci-request.h"

/**
 * oci_quota_read: find the quotas in a config.json, and set OciRequest.gpu_memory and .pinned_memory.
 *
 * The operator's limits come first. Annotations, and NVIDIA_GPU_MEMORY_LIMIT (MiB for each GPU), count under the policy for
 * annotations and variables, and only lower them. Without a limit of pinned memory from the operator, the container's memory limit
 * takes its place.
 *
 * @request: has its GPUs. Limits of GPUs that it does not have are left out: the operator's list is for all containers
 * Returns: false with @error if the container asks for a limit that makes no sense.
 */
bool oci_quota_read(JsonValue *config, const OciPolicy *policy, OciRequest *request,
                    GError **error);
