/* SPDX-License-Identifier: Apache-2.0 */
/* Finds out whether a container asks for GPUs, and for which. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/base/json/json-value.h"
#include "version-tree/nv-caps.h"

/* Annotations that a container may have. Their values are like those of NVIDIA's variables. A bundle does not say who
 * wrote an annotation: engines copy an image's labels and annotations beside those of the user. */
#define OCI_ANNOTATION_GPUS "nvcuse.dev/gpus"
#define OCI_ANNOTATION_CAPS "nvcuse.dev/caps"

/* Further annotations. Their values are those of the options --gpu-memory and --pinned-memory. */
#define OCI_ANNOTATION_GPU_MEMORY    "nvcuse.dev/gpu-memory"
#define OCI_ANNOTATION_PINNED_MEMORY "nvcuse.dev/pinned-memory"

/**
 * OciPolicy: what the operator lets containers ask for.
 * @environment: whether NVIDIA_VISIBLE_DEVICES, NVIDIA_DRIVER_CAPABILITIES and NVIDIA_GPU_MEMORY_LIMIT count. Images can set
 *     them
 * @annotations: whether nvcuse's own annotations count. They can only narrow what the container was given
 * @cdi_annotations: whether annotations for CDI that the engine did not resolve count. Images can set them, too, and a user's variable
 *     does not replace them. Otherwise a container that has one of them for NVIDIA's devices is refused
 * @gpus: the GPUs that any container may have, as gpu_list_minors() takes them; NULL: all
 * @imex_channels: the IMEX channels that any container may have, as --imex-channels takes them; NULL: all
 * @caps: driver capabilities that may be asked for
 * @gpu_memory, @pinned_memory: limits of any container, as the options take them; NULL: not set
 * @without_quotas: the container's memory limit does not limit pinned memory: the instance is recorded or simulated
 */
typedef struct {
    bool environment;
    bool annotations;
    bool cdi_annotations;
    const char *gpus;
    const char *imex_channels;
    NvCaps caps;
    const char *gpu_memory;
    const char *pinned_memory;
    bool without_quotas;
} OciPolicy;

/**
 * OciRequest: what a container asks for.
 * @gpus: "all", "none" or device minors, as --gpus takes them; NULL: it does not ask for GPUs
 * @imex_channels: as --imex-channels takes them; NULL: it does not ask for any
 * @caps: the capabilities that it gets
 * @unserved: capabilities that it asks for, and for which nvcuse has nothing
 * @gpu_memory, @pinned_memory: its limits, as the options take them; NULL: there is none
 * @by_cdi: a CDI device of nvcuse's made the request, so the libraries came with it
 */
typedef struct {
    char *gpus;
    char *imex_channels;
    NvCaps caps;
    NvCaps unserved;
    char *gpu_memory;
    char *pinned_memory;
    bool by_cdi;
} OciRequest;

/**
 * oci_request_read: find the request in a config.json.
 *
 * First comes what the engine gives explicitly (given_devices_read()). If that is nothing, annotations for CDI count
 * (cdi.k8s.io/NAME: devices of NVIDIA's or nvcuse's), if the policy says so: the engine did not resolve them. Without any, NVIDIA_VISIBLE_DEVICES counts,
 * read as NVIDIA's own runtime reads it:
 * - Not set, empty, or a list with "void": no request. But if it is not set in an image older than these variables
 *   (CUDA_VERSION has a value, NVIDIA_REQUIRE_CUDA has none), all GPUs.
 * - "none": the driver without GPUs.
 * - A list of indexes, UUIDs and PCI addresses: these GPUs; with "all" among them, all GPUs.
 *
 * Annotations, and the policy's list of GPUs, take GPUs away from that; annotations also take capabilities away.
 * Neither gives any. If no GPU is left, the result is "none": a container with a device of nvcuse's must not go on as
 * if it had no device.
 *
 * IMEX channels are those of the engine's nodes: an image's variable gives none.
 *
 * oci_quota_read() finds the limits of memory.
 *
 * Returns: false with @error if the container asks for something that does not exist or is not allowed.
 */
bool oci_request_read(JsonValue *config, const OciPolicy *policy, OciRequest *request,
                      GError **error);
void oci_request_clear(OciRequest *request);

/** oci_request_variable: the value of a variable in the environment of the container's process. If there are several of the name, the
 * last counts. Returns NULL if there is none. */
const char *oci_request_variable(JsonValue *config, const char *name);

/** oci_request_annotation: the value of an annotation. Returns NULL if there is none. */
const char *oci_request_annotation(JsonValue *config, const char *name);
