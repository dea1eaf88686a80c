/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which mounts a container with GPUs does not get, because they would lead around nvcuse. */
#pragma once

/**
 * oci_mount_bypass: say why a container does not get a mount: it is a device node of the driver's, a part of /proc/driver/nvidia,
 * for which nvcuse has its own, or belongs to a service of the host's that talks to the driver for its clients (persistence
 * daemon, fabric manager, MPS, IMEX). Libraries and programs below /run, where NVIDIA's GPU Operator keeps the driver, stay.
 *
 * Names decide, so the answer is the same on a host on which the service does not run.
 * @source: the path on the host, or NULL
 * @destination: the path in the container, or NULL
 * Returns: the reason, a static text; NULL if the mount may stay.
 */
const char *oci_mount_bypass(const char *source, const char *destination);
