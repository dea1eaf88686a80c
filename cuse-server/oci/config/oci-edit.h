/* SPDX-License-Identifier: Apache-2.0 */
/* What nvcuse changes in a container's config.json. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

#include "cuse-server/base/json/json-value.h"
#include "cuse-server/container/open-filter.h"

/**
 * OciEdit: what a container is connected to.
 * @instance: the instance's name
 * @pid: its process
 * @listener_path: its socket
 * @needs: what its filter depends on
 * @wait_killable: as of oci_seccomp_merge()
 * @program: absolute path of this executable, for hooks
 * @bundle: the container's bundle, absolute
 * @notes: as of oci_devices_close()
 */
typedef struct {
    const char *instance;
    pid_t pid;
    const char *listener_path;
    FilterNeeds needs;
    bool wait_killable;
    const char *program;
    const char *bundle;
    GPtrArray *notes;
} OciEdit;

/**
 * oci_edit_apply: connect a container to an instance.
 *
 * Taken out: NVIDIA's device nodes and mounts of them, and the hooks that would bring them back.
 * Put in: the listener (oci_seccomp_merge()), a closed list of devices (oci_devices_close()), a
 * createContainer hook that attaches the nodes and /proc/driver/nvidia, a poststop hook that ends
 * the instance.
 */
bool oci_edit_apply(JsonValue *config, const OciEdit *edit, GError **error);

/**
 * oci_edit_add_cdi: what a CDI specification gives to all its devices: mounts, variables, hooks.
 * @path: a specification in JSON
 */
bool oci_edit_add_cdi(JsonValue *config, const char *path, GError **error);
