/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the GPUs that an engine gives a container explicitly: what stands in its configuration by the engine's own act, and not
 * because the image has a variable or a label.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/base/json/json-value.h"

/* The words after "nvcuse-runtime" in a hook that a CDI device of nvcuse's puts into a container. The device's name
 * follows them. */
#define OCI_HOOK_WORD "nvcuse-hook"
#define OCI_HOOK_CDI  "cdi"

/**
 * GivenDevices: what the engine gives.
 * @gpus: "all", "none" or device minors; NULL: the engine gives nothing of NVIDIA's
 * @imex_channels: the IMEX channels, joined by commas; NULL: none
 * @by_cdi: a CDI device of nvcuse's is among it
 */
typedef struct {
    char *gpus;
    char *imex_channels;
    bool by_cdi;
} GivenDevices;

/**
 * given_devices_read: find what is given in a config.json, in all the ways together:
 * - nvcuse's CDI devices, by their hooks
 * - device nodes of NVIDIA's driver, by number, as NVIDIA's CDI devices bring them
 * - mounts of /dev/null below /var/run/nvidia-container-devices, each with the name of a GPU or of a CDI device: that is how
 *   NVIDIA's device plugin says it with the strategy "volume-mounts"
 *
 * A container that may use every device of the host (privileged) has all nodes of the host. Its nodes of MIG devices and IMEX
 * channels do not count.
 *
 * Returns: false with @error if it names a GPU that the host does not have, or a device that nvcuse cannot give: MIG devices, and
 * the driver's other capabilities.
 */
bool given_devices_read(JsonValue *config, GivenDevices *given, GError **error);
void given_devices_clear(GivenDevices *given);

/** oci_hook_cdi_name: the name of nvcuse's CDI device that added a hook. NULL if the hook is another one. */
const char *oci_hook_cdi_name(JsonValue *hook);
