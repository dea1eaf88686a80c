/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the annotations that a runtime obeys. An image can bring any annotation: podman copies those of its
 * manifest. */
#pragma once

#include <stdbool.h>

#include "cuse-server/base/json/json-value.h"

/**
 * oci_annotations_check: refuse a container whose annotations make crun break what the wall depends on. Such
 * annotations load another seccomp filter or plugin than the profile's, hand descriptors out, run the container by
 * another handler, or open files of the host for the output of hooks (crun does that only if there are hooks, and
 * nvcuse adds some). All of crun's annotations are refused, except those that are known to be harmless.
 *
 * Returns: false with @error, which names the annotation.
 */
bool oci_annotations_check(const JsonValue *config, GError **error);
