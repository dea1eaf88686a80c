/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/inventory/host-gpus.h"

#include <string.h>

#include "cuse-server/inventory/host-devices.h"

/* #syscalls:before openat newfstatat fstat read close getdents64 */

#define PROC_GPUS "/proc/driver/nvidia/gpus"

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
    g_autofree char *uuid = g_strstrip(g_strndup(line, strcspn(line, "\n")));
    /* Until a GPU has been started, the driver may write "GPU-????????-...". */
    return strchr(uuid, '?') ? g_strdup("") : g_steal_pointer(&uuid);
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
