/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the names of CDI devices (Container Device Interface): "vendor/class=name". */
#pragma once

/** CdiKind: what a name says. */
typedef enum {
    CDI_OTHER,   /* a device of another vendor, or no name of a CDI device */
    CDI_GPU,     /* GPUs of NVIDIA's or nvcuse's */
    CDI_UNKNOWN, /* another device of NVIDIA's */
} CdiKind;

/**
 * cdi_name_read: find out what a CDI device is. NVIDIA's toolkit, device plugin and operator call GPUs "nvidia.com/gpu",
 * "runtime.nvidia.com/gpu" and "k8s.device-plugin.nvidia.com/gpu"; nvcuse calls them "nvcuse.dev/gpu".
 * @text: for example "nvidia.com/gpu=0"
 * @name: for CDI_GPU set to the part behind "=": an index, a UUID or "all". It points into @text. Otherwise not changed
 */
CdiKind cdi_name_read(const char *text, const char **name);
