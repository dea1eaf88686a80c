/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what the host's operator has configured for nvcuse-runtime. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/oci/request/oci-request.h"

/**
 * RuntimeConfig: /etc/nvcuse/runtime.conf, group [runtime].
 * @path: absolute path of the runtime that does the work
 * @instance_config: a file for `nvcuse serve --config`, or NULL
 * @cdi: a CDI specification, or NULL. A container that did not get a CDI device of nvcuse's gets
 *     its mounts, variables and hooks
 * @policy: see OciPolicy
 */
typedef struct {
    char *path;
    char *instance_config;
    char *cdi;
    OciPolicy policy;
} RuntimeConfig;

/**
 * runtime_config_load: read the configuration. $NVCUSE_RUNTIME_CONFIG names another file,
 * $NVCUSE_RUNTIME another runtime. Without a file all values are the defaults; the default runtime
 * is the first of runc and crun that is in PATH.
 */
bool runtime_config_load(RuntimeConfig *config, GError **error);

/** runtime_config_clear: free the strings of a configuration, also after a failure to load it. */
void runtime_config_clear(RuntimeConfig *config);
