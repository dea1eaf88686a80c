/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/inventory/host-numbers.h"

#include <string.h>

#include "abi/nv-ioctl.h"
#include "cuse-server/inventory/char-devices.h"

#define SYS_CHAR "/sys/dev/char"

/* Majors that drivers share, from Documentation/admin-guide/devices.txt. */
static const unsigned shared_majors[] = {
    29,  /* framebuffers */
    89,  /* I2C */
    226, /* DRM */
};

/* The name under which drm_dp_aux_dev.c registers its major. The kernel chooses the number. */
#define DP_AUX "aux"

/* The ranges of majors that the kernel assigns to drivers that do not request a particular one: CHRDEV_MAJOR_DYN_* in
 * linux/fs.h. */
static const struct {
    unsigned first;
    unsigned last;
} dynamic_majors[] = {{234, 254}, {384, 511}};

/* --- reading ---------------------------------------------------------------------------------- */

/* (transfer full): read the name of the driver that is bound to a device in sysfs. Returns NULL if there is none. */
static char *driver_of(const char *directory)
{
    g_autofree char *path = g_build_filename(directory, "driver", NULL);
    g_autofree char *target = g_file_read_link(path, NULL);

    return target ? g_path_get_basename(target) : NULL;
}

bool host_numbers_node_is_of_others(const char *directory)
{
    g_autofree char *place = g_strdup(directory);
    bool found = false;

    while (strlen(place) > 1) {
        g_autofree char *driver = driver_of(place);
        if (driver && g_str_has_prefix(driver, "nvidia")) {
            return false;
        }
        found = found || (driver && !g_str_equal(driver, "pcieport"));
        char *parent = g_path_get_dirname(place);
        g_free(place);
        place = parent;
    }
    return found;
}

/* Call host_numbers_node_is_of_others() for an entry of /sys/dev/char. The link's target is relative to that directory. */
static bool entry_is_of_others(const char *name)
{
    g_autofree char *path = g_build_filename(SYS_CHAR, name, NULL);
    g_autofree char *target = g_file_read_link(path, NULL);
    g_autofree char *directory = target ? g_canonicalize_filename(target, SYS_CHAR) : NULL;

    return directory && host_numbers_node_is_of_others(directory);
}

/* Parse a name such as "226:128". */
static bool parse_number(const char *name, DeviceNumber *number)
{
    g_auto(GStrv) parts = g_strsplit(name, ":", -1);
    guint64 values[2];

    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        if (!parts[i] ||
            !g_ascii_string_to_unsigned(parts[i], 10, 0, G_MAXUINT, &values[i], NULL)) {
            return false;
        }
    }
    *number = (DeviceNumber){(unsigned)values[0], (unsigned)values[1]};
    return true;
}

static void read_others(HostNumbers *numbers)
{
    g_autoptr(GDir) directory = g_dir_open(SYS_CHAR, 0, NULL);
    const char *name;

    while (directory && (name = g_dir_read_name(directory))) {
        DeviceNumber number;
        if (parse_number(name, &number) && host_numbers_is_shared(numbers, number.major_no) &&
            entry_is_of_others(name)) {
            g_array_append_val(numbers->others, number);
        }
    }
}

HostNumbers *host_numbers_read(GError **error)
{
    GArray *drivers = char_devices_read(error);
    HostNumbers *numbers = drivers ? g_new(HostNumbers, 1) : NULL;

    if (numbers) {
        *numbers = (HostNumbers){.drivers = drivers,
                                 .others = g_array_new(FALSE, FALSE, sizeof(DeviceNumber))};
        read_others(numbers);
    }
    return numbers;
}

void host_numbers_free(HostNumbers *numbers)
{
    g_array_unref(numbers->drivers);
    g_array_unref(numbers->others);
    g_free(numbers);
}

/* --- asking ----------------------------------------------------------------------------------- */

/* Returns true if a driver of this name has the major. @name: NULL: any driver */
static bool has_driver(const HostNumbers *numbers, int64_t major_no, const char *name)
{
    for (guint i = 0; i < numbers->drivers->len; i++) {
        const CharDevice *driver = &g_array_index(numbers->drivers, CharDevice, i);
        if (driver->major_no == major_no && (!name || g_str_equal(driver->name, name))) {
            return true;
        }
    }
    return false;
}

bool host_numbers_is_shared(const HostNumbers *numbers, int64_t major_no)
{
    for (size_t i = 0; i < G_N_ELEMENTS(shared_majors); i++) {
        if (shared_majors[i] == major_no) {
            return true;
        }
    }
    return has_driver(numbers, major_no, DP_AUX);
}

bool host_numbers_is_of_others(const HostNumbers *numbers, int64_t major_no, int64_t minor_no)
{
    for (guint i = 0; i < numbers->others->len; i++) {
        const DeviceNumber *number = &g_array_index(numbers->others, DeviceNumber, i);
        if (number->major_no == major_no && number->minor_no == minor_no) {
            return true;
        }
    }
    return false;
}

const char *host_numbers_denied_driver(const HostNumbers *numbers, int64_t major_no)
{
    for (guint i = 0; i < numbers->drivers->len; i++) {
        const CharDevice *driver = &g_array_index(numbers->drivers, CharDevice, i);
        if (driver->major_no == major_no && (g_str_has_prefix(driver->name, "nvidia") ||
                                             g_str_has_prefix(driver->name, "nvcuse!"))) {
            return driver->name;
        }
    }
    return major_no == NV_MAJOR_DEVICE_NUMBER ? "nvidia" : NULL;
}

bool host_numbers_is_free(const HostNumbers *numbers, int64_t major_no)
{
    for (size_t i = 0; i < G_N_ELEMENTS(dynamic_majors); i++) {
        if (major_no >= dynamic_majors[i].first && major_no <= dynamic_majors[i].last) {
            return !has_driver(numbers, major_no, NULL);
        }
    }
    return false;
}
