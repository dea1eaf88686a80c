/* SPDX-License-Identifier: Apache-2.0 */
/* What a CUSE device of an instance's is called: the worker makes it, the broker waits for it. */
#pragma once

/** cuse_device_name: "nvcuse!NAME!nvidiactl", as in /sys/class/cuse. The caller frees it. */
char *cuse_device_name(const char *instance, const char *device);
