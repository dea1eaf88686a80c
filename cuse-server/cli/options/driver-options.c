/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/options/driver-options.h"

#include <fcntl.h>
#include <unistd.h>

#include "abi/nv-ioctl.h"
#include <glib/gstdio.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/base/mounts/node-fs.h"
#include "version-tree/host-driver.h"

void driver_options_add(DriverOptions *options, GOptionContext *context)
{
    const GOptionEntry entries[] = {
        {"driver", 0, 0, G_OPTION_ARG_STRING, &options->driver,
         "the driver's VERSION, 'latest', or 'host': the one that the host runs (default)",
         "VERSION"},
        {"driver-policy", 0, 0, G_OPTION_ARG_STRING, &options->policy,
         options->default_policy == DRIVER_POLICY_KNOWN
             ? "accept 'qualified' drivers, 'known' ones (default), or the 'series'"
             : "accept 'qualified' drivers (default), 'known' ones, or the 'series'",
         "POLICY"},
        G_OPTION_ENTRY_NULL,
    };

    g_option_context_add_main_entries(context, entries, NULL);
}

bool driver_version_ask_host(DriverVersion *version, GError **error)
{
    int fd = host_node_open(NV_MAJOR_DEVICE_NUMBER, NV_MINOR_DEVICE_NUMBER_CONTROL_DEVICE, O_RDONLY,
                            error);
    bool answered = fd >= 0 && host_driver_version(fd, version, error);

    close_if_open(fd);
    if (!answered) {
        g_prefix_error(error, "cannot ask the host's driver for its version: ");
    }
    return answered;
}

bool driver_version_resolve(const char *word, DriverVersion *version, GError **error)
{
    if (g_str_equal(word, "host")) {
        return driver_version_ask_host(version, error);
    }
    if (g_str_equal(word, "latest")) {
        *version = driver_release_latest(DRIVER_ARCH_X86_64)->version;
        return true;
    }
    return driver_version_parse(word, version, error);
}

/* Add to an error what helps if the host's driver cannot be asked. Returns NULL. */
static const DriverRelease *advise_driver(GError **error)
{
    g_autoptr(GError) cause = g_steal_pointer(error);

    g_set_error(error, cause->domain, cause->code, "%s; load the driver, or give --driver VERSION",
                cause->message);
    return NULL;
}

const DriverRelease *driver_options_choose(const DriverOptions *options, GError **error)
{
    DriverPolicy policy = options->default_policy;
    g_autofree char *warning = NULL;
    const DriverRelease *release;
    DriverVersion version;

    if (options->policy && !driver_policy_parse(options->policy, &policy, error)) {
        return NULL;
    }
    if (!driver_version_resolve(options->driver ? options->driver : "host", &version, error)) {
        return options->driver ? NULL : advise_driver(error);
    }
    release = driver_release_choose(version, policy, &warning, error);
    if (warning) {
        g_printerr("%s: warning: %s\n", g_get_prgname(), warning);
    }
    return release;
}

void driver_options_clear(DriverOptions *options)
{
    g_clear_pointer(&options->driver, g_free);
    g_clear_pointer(&options->policy, g_free);
}
