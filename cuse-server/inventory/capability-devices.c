/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/inventory/capability-devices.h"

#include <string.h>
#include <sys/sysmacros.h>

#include <gio/gio.h>

#include "cuse-server/inventory/char-devices.h"

/* #syscalls:before openat newfstatat fstat read close */

#define PROC_CAPABILITIES "/proc/driver/nvidia/capabilities"
#define PROC_PARAMS       "/proc/driver/nvidia/params"
#define CAPS_DRIVER       "nvidia-caps"
#define IMEX_DRIVER       "nvidia-caps-imex-channels"

/* The highest minor of a character device driver that uses the kernel's full range. */
enum { MINOR_MAX = (1 << 20) - 1 };

static bool fail(GError **error, GIOErrorEnum code, const char *format, ...) G_GNUC_PRINTF(3, 4);

static bool fail(GError **error, GIOErrorEnum code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_propagate_error(error, g_error_new_valist(G_IO_ERROR, (int)code, format, arguments));
    va_end(arguments);
    return false;
}

/* Read the number after "KEY: " in one of the driver's files. Returns -1 if it is missing or greater than MINOR_MAX. */
static gint64 read_number(const char *path, const char *key)
{
    g_autofree char *text = NULL;
    g_autofree char *start = g_strconcat(key, ":", NULL);
    const char *line;
    guint64 number;

    if (!g_file_get_contents(path, &text, NULL, NULL) || !(line = strstr(text, start))) {
        return -1;
    }
    number = g_ascii_strtoull(line + strlen(start), NULL, 10);
    return number <= MINOR_MAX ? (gint64)number : -1;
}

static void add(Device *devices, unsigned *n, int major_no, unsigned minor_no, const char *prefix)
{
    Device *device = &devices[(*n)++];

    *device = (Device){.kind = DEVICE_OPEN_ONLY, .number = makedev((unsigned)major_no, minor_no)};
    g_snprintf(device->name, sizeof device->name, "%s%u", prefix, minor_no);
}

/* Append the node of a capability. Returns false, without an error, if this host does not have the capability. */
static bool add_capability(const char *name, Device *devices, unsigned *n)
{
    g_autofree char *path = g_build_filename(PROC_CAPABILITIES, name, NULL);
    gint64 minor_no = read_number(path, "DeviceFileMinor");
    int major_no = char_device_major(CAPS_DRIVER);

    if (minor_no < 0 || major_no < 0) {
        return false;
    }
    add(devices, n, major_no, (unsigned)minor_no, CAPS_DRIVER "/nvidia-cap");
    return true;
}

void capability_devices_add(NvCaps caps, Device *devices, unsigned *n)
{
    if (caps & NV_CAP_FABRIC_IMEX_MGMT) {
        (void)add_capability("fabric-imex-mgmt", devices, n); /* few hosts have this */
    }
    if (caps & NV_CAP_RDMA) {
        devices[(*n)++] = (Device){.kind = DEVICE_DMA_BUF, .name = "nvidia-dmabuf"};
    }
}

/* --- MIG -------------------------------------------------------------------------------------- */

static const char *const mig_names[] = {"config", "monitor"};

static bool is_none(const char *list)
{
    return !list || g_str_equal(list, "none");
}

/* Parse the --mig list. @wanted: set to true for each of mig_names that the list names */
static bool parse_mig(const char *mig, bool wanted[G_N_ELEMENTS(mig_names)], GError **error)
{
    g_auto(GStrv) items = g_strsplit(is_none(mig) ? "" : mig, ",", -1);

    for (char **item = items; *item; item++) {
        bool known = false;
        for (size_t i = 0; i < G_N_ELEMENTS(mig_names); i++) {
            if (g_str_equal(g_strstrip(*item), mig_names[i])) {
                wanted[i] = known = true;
            }
        }
        if (!known) {
            return fail(error, G_IO_ERROR_INVALID_ARGUMENT,
                        "'%s': expected 'none', 'config', 'monitor' or 'config,monitor'", *item);
        }
    }
    return true;
}

bool mig_check(const char *mig, GError **error)
{
    bool wanted[G_N_ELEMENTS(mig_names)] = {false};

    return parse_mig(mig, wanted, error);
}

bool mig_nodes_add(const char *mig, Device *devices, unsigned *n, GError **error)
{
    bool wanted[G_N_ELEMENTS(mig_names)] = {false};

    if (!parse_mig(mig, wanted, error)) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(mig_names); i++) {
        g_autofree char *name = g_build_filename("mig", mig_names[i], NULL);
        if (wanted[i] && !add_capability(name, devices, n)) {
            return fail(
                error, G_IO_ERROR_NOT_FOUND,
                "cannot give --mig: this host's driver has no capability %s (" PROC_CAPABILITIES
                ")",
                name);
        }
    }
    return true;
}

/* --- IMEX channels ---------------------------------------------------------------------------- */

/* Parse the --imex-channels list. @channels: set to the channels in the order of the list, without duplicates */
static bool parse_channels(const char *list, unsigned channels[IMEX_CHANNELS_MAX], unsigned *n,
                           GError **error)
{
    g_auto(GStrv) items = g_strsplit(is_none(list) ? "" : list, ",", -1);

    *n = 0;
    for (char **item = items; *item; item++) {
        guint64 number;
        bool seen = false;
        if (!g_ascii_string_to_unsigned(g_strstrip(*item), 10, 0, MINOR_MAX, &number, NULL)) {
            return fail(error, G_IO_ERROR_INVALID_ARGUMENT,
                        "'%s': expected 'none' or channel numbers like '0,1'", *item);
        }
        for (unsigned i = 0; i < *n; i++) {
            seen = seen || channels[i] == number;
        }
        if (!seen && *n == IMEX_CHANNELS_MAX) {
            return fail(error, G_IO_ERROR_INVALID_ARGUMENT,
                        "too many --imex-channels: an instance can have at most %d",
                        IMEX_CHANNELS_MAX);
        }
        if (!seen) {
            channels[(*n)++] = (unsigned)number;
        }
    }
    return true;
}

bool imex_channels_check(const char *list, GError **error)
{
    unsigned channels[IMEX_CHANNELS_MAX];
    unsigned n;

    return parse_channels(list, channels, &n, error);
}

bool imex_channels_add(const char *list, Device *devices, unsigned *n_devices, GError **error)
{
    unsigned channels[IMEX_CHANNELS_MAX];
    unsigned n;

    if (!parse_channels(list, channels, &n, error)) {
        return false;
    }
    const gint64 count = n ? read_number(PROC_PARAMS, "ImexChannelCount") : 0;
    const int major_no = n ? char_device_major(IMEX_DRIVER) : -1;
    for (unsigned i = 0; i < n; i++) {
        if (major_no < 0 || channels[i] >= count) {
            return fail(error, G_IO_ERROR_NOT_FOUND,
                        "cannot give --imex-channels: this host's driver has no channel %u "
                        "(ImexChannelCount "
                        "in " PROC_PARAMS " is %" G_GINT64_FORMAT ")",
                        channels[i], MAX(count, 0));
        }
        add(devices, n_devices, major_no, channels[i], IMEX_DRIVER "/channel");
    }
    return true;
}
