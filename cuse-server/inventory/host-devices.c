/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/inventory/host-devices.h"

#include <string.h>
#include <sys/sysmacros.h>

#include <gio/gio.h>

#include "cuse-server/inventory/char-devices.h"

/* #syscalls:before openat newfstatat fstat read close access getdents64 */

#define PROC_GPUS "/proc/driver/nvidia/gpus"

static void add_device(Device *devices, unsigned *n, DeviceKind kind, unsigned major_no,
                       unsigned minor_no, const char *name)
{
    Device *device = &devices[(*n)++];

    *device = (Device){.kind = kind, .number = makedev(major_no, minor_no)};
    g_strlcpy(device->name, name, sizeof device->name);
}

int host_gpu_minor(const char *address)
{
    g_autofree char *path = g_build_filename(PROC_GPUS, address, "information", NULL);
    g_autofree char *text = NULL;
    const char *line;
    guint64 number;

    if (!g_file_get_contents(path, &text, NULL, NULL) || !(line = strstr(text, "Device Minor:"))) {
        return -1;
    }
    number = g_ascii_strtoull(line + strlen("Device Minor:"), NULL, 10);
    return number <= NV_MINOR_DEVICE_NUMBER_REGULAR_MAX ? (int)number : -1;
}

/* Find the host's GPUs. @present: set to true at each GPU's minor, to false elsewhere */
static void find_gpus(bool present[NV_MINOR_DEVICE_NUMBER_REGULAR_MAX + 1])
{
    g_autoptr(GDir) directory = g_dir_open(PROC_GPUS, 0, NULL);
    const char *address;

    memset(present, 0, (NV_MINOR_DEVICE_NUMBER_REGULAR_MAX + 1) * sizeof present[0]);
    while (directory && (address = g_dir_read_name(directory))) {
        int minor_no = host_gpu_minor(address);
        if (minor_no >= 0) {
            present[minor_no] = true;
        }
    }
}

/* Read one item of a list of GPUs. */
static bool parse_gpu(char *item, guint64 *number, GError **error)
{
    if (g_ascii_string_to_unsigned(g_strstrip(item), 10, 0, NV_MINOR_DEVICE_NUMBER_REGULAR_MAX,
                                   number, NULL)) {
        return true;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "'%s': expected a device minor",
                item);
    return false;
}

/* Leave in @wanted only the GPUs that @gpus names. */
static bool select_gpus(const char *gpus, bool wanted[NV_MINOR_DEVICE_NUMBER_REGULAR_MAX + 1],
                        GError **error)
{
    bool present[NV_MINOR_DEVICE_NUMBER_REGULAR_MAX + 1];
    g_auto(GStrv) items = g_strsplit(gpus, ",", -1);

    memcpy(present, wanted, sizeof present);
    if (strcmp(gpus, "all") == 0) {
        return true;
    }
    memset(wanted, 0, sizeof present);
    if (strcmp(gpus, "none") == 0) {
        return true;
    }
    for (char **item = items; *item; item++) {
        guint64 number;
        if (!parse_gpu(*item, &number, error)) {
            return false;
        }
        if (!present[number]) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                        "GPU %" G_GUINT64_FORMAT
                        " not found on this host: expected a Device Minor of " PROC_GPUS
                        "/*/information",
                        number);
            return false;
        }
        wanted[number] = true;
    }
    return true;
}

static void add_uvm(Device *devices, unsigned *n)
{
    int major_no = char_device_major("nvidia-uvm");

    if (major_no >= 0) {
        add_device(devices, n, DEVICE_UVM, (unsigned)major_no, 0, "nvidia-uvm");
        add_device(devices, n, DEVICE_UVM_TOOLS, (unsigned)major_no, 1, "nvidia-uvm-tools");
    }
}

bool host_devices_find(const char *gpus, Device *devices, unsigned *n_devices, GError **error)
{
    bool wanted[NV_MINOR_DEVICE_NUMBER_REGULAR_MAX + 1];

    if (!g_file_test("/proc/driver/nvidia/version", G_FILE_TEST_EXISTS)) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
                            "the NVIDIA driver is not loaded on this host (modprobe nvidia; "
                            "for CUDA also modprobe nvidia-uvm)");
        return false;
    }
    *n_devices = 0;
    add_device(devices, n_devices, DEVICE_FRONTEND, NV_MAJOR_DEVICE_NUMBER,
               NV_MINOR_DEVICE_NUMBER_CONTROL_DEVICE, "nvidiactl");
    find_gpus(wanted);
    if (!select_gpus(gpus, wanted, error)) {
        return false;
    }
    for (unsigned i = 0; i <= NV_MINOR_DEVICE_NUMBER_REGULAR_MAX; i++) {
        if (wanted[i]) {
            g_autofree char *name = g_strdup_printf("nvidia%u", i);
            add_device(devices, n_devices, DEVICE_FRONTEND, NV_MAJOR_DEVICE_NUMBER, i, name);
        }
    }
    add_uvm(devices, n_devices);
    return true;
}
