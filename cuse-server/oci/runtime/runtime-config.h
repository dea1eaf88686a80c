/* SPDX-License-Identifier: Apache-2.0 */
/* What nvcuse-runtime is told by the host's operator. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/oci/config/oci-request.h"

/**
 * RuntimeConfig: /etc/nvcuse/runtime.conf, group [runtime].
 * @path: the runtime that does the work; absolute
 * @instance_config: a file for `nvcuse serve --config`, or NULL
 * @cdi: a CDI specification whose mounts a container gets that did not come with a CDI device of
 *     ours; NULL: none
 * @policy: see there
 */
typedef struct {
    char *path;
    char *instance_config;
    char *cdi;
    OciPolicy policy;
} RuntimeConfig;

/**
 * runtime_config_load: read it. $NVCUSE_RUNTIME_CONFIG names another file, $NVCUSE_RUNTIME another
 * runtime. Without a file everything is as by default: runc or else crun, whichever is in PATH.
 */
bool runtime_config_load(RuntimeConfig *config, GError **error);
