/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/files/cuse-nodes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/wire/cuse-name.h"

/*
 * #syscalls:broker access clock_nanosleep
 * #syscalls:before openat newfstatat fstat read close
 */

bool cuse_nodes_open(int *fds, unsigned n, GError **error)
{
    for (unsigned i = 0; i < n; i++) {
        fds[i] = open("/dev/cuse", O_RDWR | O_CLOEXEC);
        if (fds[i] < 0) {
            g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                        "cannot open /dev/cuse: %s%s", g_strerror(errno),
                        errno == ENOENT || errno == ENODEV
                            ? "; load the module: modprobe cuse. If the kernel lacks CONFIG_CUSE, "
                              "use --transport=notify"
                            : "");
            while (i-- > 0) {
                close(fds[i]);
            }
            return false;
        }
    }
    return true;
}

static char *sysfs_path(const char *instance, const char *device)
{
    g_autofree char *name = cuse_device_name(instance, device);

    return g_build_filename("/sys/class/cuse", name, NULL);
}

bool cuse_node_check_free(const char *instance, const char *device, GError **error)
{
    g_autofree char *path = sysfs_path(instance, device);

    if (g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                    "instance name '%s' is already in use: %s exists; stop that instance, or "
                    "choose another --name",
                    instance, path);
        return false;
    }
    return true;
}

bool cuse_node_check(const char *instance, const char *device, dev_t number, GError **error)
{
    g_autofree char *directory = sysfs_path(instance, device);
    g_autofree char *path = g_build_filename(directory, "dev", NULL);
    g_autofree char *expected = g_strdup_printf("%u:%u", major(number), minor(number));
    g_autofree char *found = NULL;

    if (!g_file_get_contents(path, &found, NULL, error)) {
        g_prefix_error(error, "cannot find CUSE device %s of instance '%s' in sysfs: ", device,
                       instance);
        return false;
    }
    if (strcmp(g_strchomp(found), expected) != 0) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                    "device %s of instance '%s' has device number %s, expected %s: another program "
                    "created a CUSE device with this name; choose another --name",
                    device, instance, found, expected);
        return false;
    }
    return true;
}

bool cuse_node_wait_removed(const char *instance, const char *device, unsigned seconds,
                            GError **error)
{
    g_autofree char *path = sysfs_path(instance, device);
    gint64 deadline = g_get_monotonic_time() + (gint64)seconds * G_TIME_SPAN_SECOND;

    while (g_file_test(path, G_FILE_TEST_EXISTS)) {
        if (g_get_monotonic_time() > deadline) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                        "device %s of instance '%s' was not removed within %u seconds: %s still "
                        "exists; end the process that has /dev/cuse open (fuser /dev/cuse)",
                        device, instance, seconds, path);
            return false;
        }
        g_usleep(G_TIME_SPAN_MILLISECOND);
    }
    return true;
}
