/* SPDX-License-Identifier: Apache-2.0 */
/* The name of an instance's CUSE device. The worker creates the device, the broker waits for it. */
#pragma once

/** cuse_device_name: build the name "nvcuse!NAME!nvidiactl", as in /sys/class/cuse. The caller frees it. */
char *cuse_device_name(const char *instance, const char *device);
