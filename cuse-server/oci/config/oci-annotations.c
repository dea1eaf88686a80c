/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/config/oci-annotations.h"

#include <gio/gio.h>

#define CRUN_PREFIX "run.oci."

/* According to crun(1), these annotations affect only the container's own groups, control groups, clocks and
 * labels. */
static const char *const harmless[] = {
    "run.oci.keep_original_groups",
    "run.oci.systemd.force_cgroup_v1",
    "run.oci.systemd.subgroup",
    "run.oci.delegate-cgroup",
    "run.oci.timens_offset",
    "run.oci.mount_context_type",
    "run.oci.seccomp_fail_unknown_syscall",
    NULL,
};

bool oci_annotations_check(const JsonValue *config, GError **error)
{
    const JsonValue *annotations = json_member_object(config, "annotations");

    for (guint i = 0; i < json_length(annotations); i++) {
        const char *name = json_string(json_key(annotations, i));
        if (g_str_has_prefix(name, CRUN_PREFIX) && !g_strv_contains(harmless, name)) {
            g_set_error(
                error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                "annotation %s is not allowed in a container with GPUs: crun acts on it, and an "
                "image can set it; remove it from the image or the command line",
                name);
            return false;
        }
    }
    return true;
}
