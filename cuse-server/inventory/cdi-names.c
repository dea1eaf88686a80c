/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/inventory/cdi-names.h"

#include <stdbool.h>
#include <string.h>

#include <glib.h>

#define CLASS_GPU "gpu"

/* The vendors whose class "gpu" means GPUs by index or UUID. NVIDIA's "management.nvidia.com/gpu" does not: it is every device
 * of the driver, for programs that manage the host. */
static const char *const gpu_vendors[] = {"nvcuse.dev", "nvidia.com", "runtime.nvidia.com",
                                          "k8s.device-plugin.nvidia.com", NULL};

static bool is_ours(const char *vendor)
{
    return g_strv_contains(gpu_vendors, vendor) || g_str_has_suffix(vendor, ".nvidia.com");
}

CdiKind cdi_name_read(const char *text, const char **name)
{
    const char *slash = strchr(text, '/');
    const char *equals = slash ? strchr(slash, '=') : NULL;

    if (!equals) {
        return CDI_OTHER;
    }
    g_autofree char *vendor = g_strndup(text, (size_t)(slash - text));
    g_autofree char *class = g_strndup(slash + 1, (size_t)(equals - slash) - 1);
    if (!is_ours(vendor)) {
        return CDI_OTHER;
    }
    if (!g_str_equal(class, CLASS_GPU) || !g_strv_contains(gpu_vendors, vendor)) {
        return CDI_UNKNOWN;
    }
    *name = equals + 1;
    return CDI_GPU;
}
