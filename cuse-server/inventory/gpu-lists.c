/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/inventory/gpu-lists.h"

#include <string.h>

#include <gio/gio.h>

#include "abi/nv-ioctl.h"
#include "cuse-server/inventory/cdi-names.h"
#include "cuse-server/inventory/host-gpus.h"
#include "cuse-server/wire/quota/quota-text.h"

/* #syscalls:before openat newfstatat fstat read close getdents64 */

#define PROC_VERSION "/proc/driver/nvidia/version"

/* Before a device minor, where a number alone is an index. */
#define BY_MINOR "minor:"

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
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
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

/* Read "minor:N". */
static bool read_minor(const char *name, unsigned *minor_no)
{
    guint64 number;

    if (!g_str_has_prefix(name, BY_MINOR) ||
        !g_ascii_string_to_unsigned(name + strlen(BY_MINOR), 10, 0,
                                    NV_MINOR_DEVICE_NUMBER_REGULAR_MAX, &number, NULL)) {
        return false;
    }
    *minor_no = (unsigned)number;
    return true;
}

/* Find the minor of a GPU. Returns false with @error if the host does not have it. */
static bool find_minor(const GArray *gpus, const char *name, unsigned *minor_no, GError **error)
{
    const HostGpu *gpu = find(gpus, name);

    if (read_minor(name, minor_no)) {
        return true;
    }
    if (!gpu) {
        refuse(name, gpus->len, error);
        return false;
    }
    *minor_no = gpu->minor_no;
    return true;
}

/* Find each GPU. Returns their minors, joined by commas, or NULL with @error. */
static char *find_all(const GPtrArray *items, GError **error)
{
    g_autoptr(GArray) gpus = host_gpus_list();
    g_autoptr(GString) minors = g_string_new(NULL);

    for (guint i = 0; i < items->len; i++) {
        unsigned minor_no;
        if (!find_minor(gpus, g_ptr_array_index(items, i), &minor_no, error)) {
            return NULL;
        }
        g_string_append_printf(minors, "%s%u", minors->len ? "," : "", minor_no);
    }
    return g_string_free(g_steal_pointer(&minors), FALSE);
}

char *gpu_list_minors(const char *names, GError **error)
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

/* Check whether a name can be that of a GPU. */
static bool is_plausible(const char *name)
{
    return name[strspn(name, "0123456789")] == '\0' || strchr(name, ':') ||
           g_ascii_strncasecmp(name, "GPU-", 4) == 0 || is_mig(name) ||
           g_ascii_strcasecmp(name, "all") == 0;
}

bool gpu_list_check(const char *names, GError **error)
{
    g_autoptr(GPtrArray) items = split(names);
    bool ok = items->len > 0;

    for (guint i = 0; ok && i < items->len; i++) {
        const char *name = g_ptr_array_index(items, i);
        ok = is_plausible(name) || (items->len == 1 && has_word(items, "none"));
    }
    if (ok) {
        return true;
    }
    g_set_error(
        error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "'%s': expected 'all', 'none', or GPUs like '0,1': by index as nvidia-smi shows it, "
        "by UUID, by PCI address, or as 'minor:N' for /dev/nvidiaN",
        names);
    return false;
}

bool gpu_list_check_limits(const char *text, GError **error)
{
    g_auto(GStrv) items = g_strsplit(text, ",", -1);
    bool ok = true;

    if (!*items) {
        return quota_size_check("", error);
    }
    for (char **item = items; ok && *item; item++) {
        const char *equals = strchr(g_strstrip(*item), '=');
        g_autofree char *size = g_strstrip(g_strdup(equals ? equals + 1 : *item));
        if (equals == *item) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                        "'%s': expected a GPU before the '='", *item);
            return false;
        }
        ok = quota_size_check(size, error);
    }
    return ok;
}

char *gpu_list_limits(const char *limits, GError **error)
{
    g_autoptr(GArray) gpus = host_gpus_list();
    g_auto(GStrv) items = g_strsplit(limits, ",", -1);
    g_autoptr(GString) text = g_string_new(NULL);

    for (char **item = items; *item; item++) {
        char *equals = strchr(g_strstrip(*item), '=');
        unsigned minor_no;
        g_string_append(text, item > items ? "," : "");
        if (!equals) {
            g_string_append(text, *item);
            continue;
        }
        *equals = '\0';
        if (!find_minor(gpus, g_strchomp(*item), &minor_no, error)) {
            return NULL;
        }
        g_string_append_printf(text, "%u=%s", minor_no, equals + 1);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *gpu_list_by_minor(const char *list)
{
    g_auto(GStrv) items = g_strsplit(list, ",", -1);
    g_autoptr(GString) text = g_string_new(NULL);

    for (char **item = items; *item; item++) {
        const char *after = *item + strspn(*item, "0123456789");
        const bool is_minor = after > *item && (*after == '\0' || *after == '=');
        g_string_append_printf(text, "%s%s%s", item > items ? "," : "", is_minor ? BY_MINOR : "",
                               *item);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}
