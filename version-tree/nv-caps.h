/* SPDX-License-Identifier: Apache-2.0 */
/* Driver capabilities: what a container may do with a GPU, as in NVIDIA_DRIVER_CAPABILITIES.
 *
 * Each entry of a driver's ABI has a set of capabilities. The entry is open if one of them is enabled. */
#pragma once

#include <glib.h>

typedef guint32 NvCaps;

#define NV_CAP_COMPUTE          (1u << 0)
#define NV_CAP_DISPLAY          (1u << 1)
#define NV_CAP_GRAPHICS         (1u << 2)
#define NV_CAP_NGX              (1u << 3)
#define NV_CAP_UTILITY          (1u << 4)
#define NV_CAP_VIDEO            (1u << 5)
#define NV_CAP_COMPAT32         (1u << 6)
#define NV_CAP_FABRIC_IMEX_MGMT (1u << 7)
#define NV_CAP_PROFILING        (1u << 8)
#define NV_CAP_RDMA             (1u << 9)

/** NV_CAPS_SUPPORTED: the capabilities that an operator may enable. */
#define NV_CAPS_SUPPORTED (NV_CAPS_ALL | NV_CAP_FABRIC_IMEX_MGMT | NV_CAP_PROFILING | NV_CAP_RDMA)
/** NV_CAPS_ALL: the capabilities that the word "all" stands for. The privileged three are never part of it. */
#define NV_CAPS_ALL     (NV_CAP_COMPUTE | NV_CAP_UTILITY | NV_CAP_GRAPHICS | NV_CAP_VIDEO)
#define NV_CAPS_DEFAULT (NV_CAP_COMPUTE | NV_CAP_UTILITY)

/**
 * nv_caps_parse: read an operator's option, for example "compute,utility".
 * @text: names joined by commas; blanks and empty items are ignored; "all" stands for NV_CAPS_ALL
 * @caps: set on success
 * @error: DRIVER_ERROR_PARSE for an unknown name, or for one that nvcuse does not support
 */
gboolean nv_caps_parse(const char *text, NvCaps *caps, GError **error);

/**
 * nv_caps_from_environment: read the capabilities that a container asks for with its environment variables.
 * @driver_capabilities: NVIDIA_DRIVER_CAPABILITIES, NULL if unset
 * @legacy_image: CUDA_VERSION is set and NVIDIA_REQUIRE_CUDA is not, as in images older than these
 * variables
 * @allowed: what the operator enabled
 * @caps: set on success to a subset of @allowed
 * @unserved: set on success to capabilities of NVIDIA's that were asked for, and for which nvcuse has nothing: display, ngx, compat32.
 *     Images for several purposes name them. They are left out
 * @error: DRIVER_ERROR_PARSE for an unknown name, for one that is not allowed, or if nothing but @unserved was asked for
 *
 * An unset or empty variable means those of NV_CAPS_DEFAULT that are allowed. "all", or an unset variable in a
 * legacy image, means @allowed.
 */
gboolean nv_caps_from_environment(const char *driver_capabilities, gboolean legacy_image,
                                  NvCaps allowed, NvCaps *caps, NvCaps *unserved, GError **error);

/**
 * nv_caps_format: write capabilities in the order of their bits.
 * @separator: between two names
 *
 * Returns: (transfer full): for example "compute|utility"; "" for none.
 */
char *nv_caps_format(NvCaps caps, const char *separator);
