/* SPDX-License-Identifier: Apache-2.0 */
/* Checks what an image requires of the host's driver. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/base/json/json-value.h"
#include "version-tree/driver-version.h"

/** requirements_any: check whether a container requires anything. */
bool requirements_any(JsonValue *config);

/**
 * requirements_check: check the variables NVIDIA_REQUIRE_* of a container, as NVIDIA's container stack does: each has alternatives,
 * with blanks between them, of which one has to hold, and an alternative is conditions with commas between them, which all have to:
 * "cuda>=12.4 brand=tesla,driver>=535". An image from before these variables requires the CUDA version that it names (CUDA_VERSION). A
 * true NVIDIA_DISABLE_REQUIRE turns the check off. NVIDIA_REQUIRE_JETPACK* is for other machines.
 *
 * Conditions on "cuda" and "driver" are checked. All others (brand, arch) count as true, since nvcuse does not ask GPUs for their
 * brand: a container is refused only if it surely cannot run.
 * @driver: the host's
 * Returns: false with an @error that names the variable and what the host has.
 * Source: NVIDIA's container toolkit, internal/config/image; libnvidia-container, src/cli/dsl.c
 */
bool requirements_check(JsonValue *config, DriverVersion driver, GError **error);
