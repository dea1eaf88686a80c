/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/config/oci-mounts.h"

#include <stdbool.h>
#include <string.h>

#include <glib.h>

/* The directories of sockets and pipes by which NVIDIA's services are reached, below the root of the host or of the driver. */
static const char *const service_places[] = {
    "/run/nvidia-persistenced", "/run/nvidia-fabricmanager", "/run/nvidia-imex",
    "/run/nvidia-mps",          "/run/nvidia/mps",           "/tmp/nvidia-mps",
};

static bool is_node(const char *path)
{
    return g_str_has_prefix(path, "/dev/nvidia") || g_str_has_prefix(path, "/dev/nvcuse") ||
           g_str_equal(path, "/dev/cuse");
}

/* Check whether a path leads into the directory of a service: "/run/nvidia/driver/run/nvidia-persistenced/socket". */
static bool is_of_service(const char *path)
{
    for (size_t i = 0; i < G_N_ELEMENTS(service_places); i++) {
        const char *found = strstr(path, service_places[i]);
        const char *after = found ? found + strlen(service_places[i]) : NULL;
        if (after && (*after == '/' || *after == '\0')) {
            return true;
        }
    }
    return false;
}

/* Write a path without ".", ".." and doubled slashes. NULL stays NULL; the caller frees the result. */
static char *plain(const char *path)
{
    /* GLib keeps two slashes at the beginning. */
    while (path && path[0] == '/' && path[1] == '/') {
        path++;
    }
    return path ? g_canonicalize_filename(path, "/") : NULL;
}

const char *oci_mount_bypass(const char *source, const char *destination)
{
    g_autofree char *from = plain(source);
    g_autofree char *to = plain(destination);

    if ((from && is_node(from)) || (to && is_node(to))) {
        return "nvcuse puts its own device nodes there";
    }
    if (to && g_str_has_prefix(to, "/proc/driver/nvidia")) {
        return "nvcuse puts its own files there";
    }
    if ((from && is_of_service(from)) || (to && is_of_service(to))) {
        return "a service of the host that talks to the driver would lead around nvcuse";
    }
    return NULL;
}
