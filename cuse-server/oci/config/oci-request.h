/* SPDX-License-Identifier: Apache-2.0 */
/* Does a container ask for GPUs, and for which? */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/base/json/json-value.h"
#include "version-tree/nv-caps.h"

/* Annotations that a container may carry: values as of the variables of NVIDIA's. A bundle does not
 * say whose they are: engines copy an image's labels and annotations beside those of its user. */
#define OCI_ANNOTATION_GPUS "nvcuse.dev/gpus"
#define OCI_ANNOTATION_CAPS "nvcuse.dev/caps"

/* The words after "nvcuse-runtime" in a hook that a CDI device of ours puts into a container; the
 * device's name follows. */
#define OCI_HOOK_WORD "nvcuse-hook"
#define OCI_HOOK_CDI  "cdi"

/**
 * OciPolicy: what the operator lets containers ask for.
 * @environment: whether NVIDIA_VISIBLE_DEVICES and NVIDIA_DRIVER_CAPABILITIES count; images can set
 *     them
 * @annotations: whether annotations count, to narrow what the container was given
 * @gpus: "all", "none" or device minors: those that any container may have; NULL: all
 * @caps: driver capabilities that may be asked for
 */
typedef struct {
    bool environment;
    bool annotations;
    const char *gpus;
    NvCaps caps;
} OciPolicy;

/**
 * OciRequest: what it asks for.
 * @gpus: "all", "none" or device minors, as --gpus takes them; NULL: it asks for nothing
 * @caps: the capabilities it gets
 * @by_cdi: libraries came with the CDI device
 */
typedef struct {
    char *gpus;
    NvCaps caps;
    bool by_cdi;
} OciRequest;

/**
 * oci_request_read: look at a config.json.
 *
 * It says what the container was given explicitly, CDI devices of ours and device nodes of NVIDIA's
 * together; without them NVIDIA_VISIBLE_DEVICES, as NVIDIA's own runtime reads it: not set, empty or
 * "void" is nothing, "none" is the driver without GPUs, "all", or indexes and UUIDs; not set in an
 * image older than these variables (CUDA_VERSION without NVIDIA_REQUIRE_CUDA) is all.
 *
 * Annotations take GPUs and capabilities away from that, and give none, and so does the policy's list of GPUs. What
 * they leave may be nothing, which is "none": a container with a device of ours must not go on as one without.
 *
 * Returns: false with @error if it asks for what is not there or not allowed.
 */
bool oci_request_read(JsonValue *config, const OciPolicy *policy, OciRequest *request,
                      GError **error);
void oci_request_clear(OciRequest *request);

/** oci_hook_cdi_name: the name of the CDI device that put a hook there; NULL: it is another hook. */
const char *oci_hook_cdi_name(JsonValue *hook);
