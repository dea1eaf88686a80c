/* SPDX-License-Identifier: Apache-2.0 */
/* Makes nvcuse's changes to a container's config.json. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

#include "cuse-server/base/json/json-value.h"
#include "cuse-server/container/guest-filter.h"

/**
 * OciEdit: the instance that a container is connected to, and how.
 * @instance: the instance's name
 * @pid: the instance's process
 * @listener_path: the instance's socket
 * @needs: decides which rules the container's filter gets
 * @wait_killable: as for oci_seccomp_merge()
 * @program: absolute path of this executable, for hooks
 * @bundle: absolute path of the container's bundle
 * @notes: as for oci_devices_close()
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
 * Removed: device nodes of NVIDIA's driver, mounts of them or over /proc/driver/nvidia, and the
 * hooks that would bring them back.
 * Added: the listener (oci_seccomp_merge()), a closed list of devices (oci_devices_close()), a
 * createContainer hook that attaches the nodes and /proc/driver/nvidia, and a poststop hook that
 * ends the instance.
 *
 * Returns: false with @error; also for annotations that oci_annotations_check() refuses, and for a
 * user namespace.
 */
bool oci_edit_apply(JsonValue *config, const OciEdit *edit, GError **error);

/**
 * oci_edit_add_cdi: add what a CDI specification gives to all its devices: mounts, variables,
 * hooks.
 * @path: a specification in JSON
 */
bool oci_edit_add_cdi(JsonValue *config, const char *path, GError **error);
