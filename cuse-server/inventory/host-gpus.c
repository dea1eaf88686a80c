/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/inventory/host-gpus.h"

#include <stdbool.h>
#include <string.h>

#include <gio/gio.h>

#include "cuse-server/inventory/host-devices.h"

/* #syscalls:before openat newfstatat fstat read close getdents64 access */

#define PROC_GPUS    "/proc/driver/nvidia/gpus"
#define PROC_VERSION "/proc/driver/nvidia/version"

static void gpu_clear(HostGpu *gpu)
{
    g_free(gpu->address);
    g_free(gpu->uuid);
}

static gint by_address(gconstpointer a, gconstpointer b)
{
    return strcmp(((const HostGpu *)a)->address, ((const HostGpu *)b)->address);
}

/* Read a GPU's UUID from the line "GPU UUID: \t GPU-..." of its information file. Returns "" if there is no such line. */
static char *read_uuid(const char *address)
{
    g_autofree char *path = g_build_filename(PROC_GPUS, address, "information", NULL);
    g_autofree char *text = NULL;
    const char *line;

    if (!g_file_get_contents(path, &text, NULL, NULL) || !(line = strstr(text, "GPU UUID:"))) {
        return g_strdup("");
    }
    line += strlen("GPU UUID:");
    return g_strstrip(g_strndup(line, strcspn(line, "\n")));
}

GArray *host_gpus_list(void)
{
    GArray *gpus = g_array_new(FALSE, FALSE, sizeof(HostGpu));
    g_autoptr(GDir) directory = g_dir_open(PROC_GPUS, 0, NULL);
    const char *address;

    g_array_set_clear_func(gpus, (GDestroyNotify)gpu_clear);
    while (directory && (address = g_dir_read_name(directory))) {
        int minor_no = host_gpu_minor(address);
        if (minor_no >= 0) {
            HostGpu gpu = {g_strdup(address), read_uuid(address), (unsigned)minor_no};
            g_array_append_val(gpus, gpu);
        }
    }
    g_array_sort(gpus, by_address);
    return gpus;
}

static const HostGpu *find(const GArray *gpus, const char *name)
{
    guint64 index;

    if (g_ascii_string_to_unsigned(name, 10, 0, G_MAXUINT, &index, NULL)) {
        return index < gpus->len ? &g_array_index(gpus, HostGpu, index) : NULL;
    }
    for (guint i = 0; i < gpus->len; i++) {
        const HostGpu *gpu = &g_array_index(gpus, HostGpu, i);
        if (gpu->uuid[0] && g_ascii_strcasecmp(gpu->uuid, name) == 0) {
            return gpu;
        }
    }
    return NULL;
}

/* Set the error for the name of a GPU that this host does not have. */
static void refuse(const char *name, guint n_gpus, GError **error)
{
    bool is_mig = g_str_has_prefix(name, "MIG-") || strchr(name, ':');

    if (n_gpus == 0 && !g_file_test(PROC_VERSION, G_FILE_TEST_EXISTS)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                    "GPU '%s' not found: the NVIDIA driver is not loaded on this host (modprobe "
                    "nvidia; for CUDA also modprobe nvidia-uvm)",
                    name);
        return;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                "%s '%s' %s: expected one of this host's %u GPUs, named by index from 0 or by UUID",
                is_mig ? "MIG device" : "GPU", name, is_mig ? "is not supported" : "not found",
                n_gpus);
}

char *host_gpus_minors(const char *names, GError **error)
{
    g_autoptr(GArray) gpus = host_gpus_list();
    g_autoptr(GString) minors = g_string_new(NULL);
    g_auto(GStrv) items = g_strsplit(names, ",", -1);

    if (g_str_equal(names, "all") || g_str_equal(names, "none")) {
        return g_strdup(names);
    }
    for (char **item = items; *item; item++) {
        const char *name = g_strstrip(*item);
        const HostGpu *gpu = find(gpus, name);

        if (!gpu) {
            refuse(name, gpus->len, error);
            return NULL;
        }
        g_string_append_printf(minors, "%s%u", minors->len ? "," : "", gpu->minor_no);
    }
    return g_string_free(g_steal_pointer(&minors), FALSE);
}
