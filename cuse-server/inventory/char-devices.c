/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/inventory/char-devices.h"

#include <string.h>

/* #syscalls:before openat newfstatat fstat read close */

static void char_device_clear(CharDevice *device)
{
    g_free(device->name);
}

/* Each line is "NNN name". The block devices come after the character devices. */
GArray *char_devices_read(GError **error)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    GArray *devices;

    if (!g_file_get_contents("/proc/devices", &text, NULL, error)) {
        return NULL;
    }
    devices = g_array_new(FALSE, FALSE, sizeof(CharDevice));
    g_array_set_clear_func(devices, (GDestroyNotify)char_device_clear);
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line && !g_str_has_prefix(*line, "Block devices"); line++) {
        char *end = NULL;
        guint64 number = g_ascii_strtoull(*line, &end, 10);
        if (end != *line && *end == ' ' && number <= G_MAXINT) {
            CharDevice device = {.major_no = (unsigned)number, .name = g_strdup(end + 1)};
            g_array_append_val(devices, device);
        }
    }
    return devices;
}

int char_device_major(const char *name)
{
    g_autoptr(GArray) devices = char_devices_read(NULL);

    for (guint i = 0; devices && i < devices->len; i++) {
        const CharDevice *device = &g_array_index(devices, CharDevice, i);
        if (strcmp(device->name, name) == 0) {
            return (int)device->major_no;
        }
    }
    return -1;
}
