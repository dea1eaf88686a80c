/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/inventory/host-gpus.h"

#include <stdbool.h>
#include <string.h>

#include <gio/gio.h>

#include "cuse-server/inventory/cdi-names.h"
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

/* Skip the zeros at the beginning of a PCI address: its domain has four digits, or eight. */
static const char *significant(const char *address)
{
    return address + strspn(address, "0");
}

static bool is_named(const HostGpu *gpu, const char *name)
{
    return (gpu->uuid[0] && g_ascii_strcasecmp(gpu->uuid, name) == 0) ||
           (strchr(name, ':') &&
            g_ascii_strcasecmp(significant(gpu->address), significant(name)) == 0);
}

static const HostGpu *find(const GArray *gpus, const char *name)
{
    guint64 index;

    if (g_ascii_string_to_unsigned(name, 10, 0, G_MAXUINT, &index, NULL)) {
        return index < gpus->len ? &g_array_index(gpus, HostGpu, index) : NULL;
    }
    for (guint i = 0; i < gpus->len; i++) {
        const HostGpu *gpu = &g_array_index(gpus, HostGpu, i);
        if (is_named(gpu, name)) {
            return gpu;
        }
    }
    return NULL;
}

/* "MIG-...", or a GPU's index and the MIG device's. */
static bool is_mig(const char *name)
{
    const char *after = name + strspn(name, "0123456789");

    return g_ascii_strncasecmp(name, "MIG-", 4) == 0 ||
           (after > name && after[0] == ':' && after[1] &&
            after[1 + strspn(after + 1, "0123456789")] == '\0');
}

/* Set the error for the name of a GPU that this host does not have. */
static void refuse(const char *name, guint n_gpus, GError **error)
{
    if (n_gpus == 0 && !g_file_test(PROC_VERSION, G_FILE_TEST_EXISTS)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                    "GPU '%s' not found: the NVIDIA driver is not loaded on this host (modprobe "
                    "nvidia; for CUDA also modprobe nvidia-uvm)",
                    name);
        return;
    }
    g_set_error(
        error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
        "%s '%s' %s: expected one of this host's %u GPUs, named by index from 0, by UUID, by PCI "
        "address, or as a CDI device (nvidia.com/gpu=0)",
        is_mig(name) ? "MIG device" : "GPU", name, is_mig(name) ? "is not supported" : "not found",
        n_gpus);
}

/* Split a list into items without blanks, and shorten names of CDI devices ("nvidia.com/gpu=0") to what they name; leave out items
 * without a name. The caller frees the array. */
static GPtrArray *split(const char *names)
{
    g_auto(GStrv) items = g_strsplit(names, ",", -1);
    GPtrArray *kept = g_ptr_array_new_with_free_func(g_free);

    for (char **item = items; *item; item++) {
        const char *name = g_strstrip(*item);
        (void)cdi_name_read(*item, &name);
        if (*name) {
            g_ptr_array_add(kept, g_strdup(name));
        }
    }
    return kept;
}

static bool has_word(const GPtrArray *items, const char *word)
{
    for (guint i = 0; i < items->len; i++) {
        if (g_ascii_strcasecmp(g_ptr_array_index(items, i), word) == 0) {
            return true;
        }
    }
    return false;
}

/* Find each GPU. Returns their minors, joined by commas, or NULL with @error. */
static char *find_all(const GPtrArray *items, GError **error)
{
    g_autoptr(GArray) gpus = host_gpus_list();
    g_autoptr(GString) minors = g_string_new(NULL);

    for (guint i = 0; i < items->len; i++) {
        const char *name = g_ptr_array_index(items, i);
        const HostGpu *gpu = find(gpus, name);
        if (!gpu) {
            refuse(name, gpus->len, error);
            return NULL;
        }
        g_string_append_printf(minors, "%s%u", minors->len ? "," : "", gpu->minor_no);
    }
    return g_string_free(g_steal_pointer(&minors), FALSE);
}

char *host_gpus_minors(const char *names, GError **error)
{
    g_autoptr(GPtrArray) items = split(names);

    if (items->len == 0 || has_word(items, "void")) {
        return g_strdup("");
    }
    if (has_word(items, "all")) {
        return g_strdup("all");
    }
    if (items->len == 1 && has_word(items, "none")) {
        return g_strdup("none");
    }
    return find_all(items, error);
}
