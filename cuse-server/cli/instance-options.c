/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/instance-options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/broker/host-devices.h"

enum { THREADS_DEFAULT = 64, THREADS_MAX = 1024 };

void instance_options_add(InstanceOptions *options, GOptionContext *context)
{
    const GOptionEntry entries[] = {
        {"name", 'n', 0, G_OPTION_ARG_STRING, &options->name,
         "name of the instance and of its devices, /dev/nvcuse/NAME/*", "NAME"},
        {"gpus", 0, 0, G_OPTION_ARG_STRING, &options->gpus,
         "GPUs to offer: all (the default), none, or device minors like 0,1", "LIST"},
        {"caps", 0, 0, G_OPTION_ARG_STRING, &options->caps,
         "driver capabilities to open (default: compute,utility)", "LIST"},
        {"trace", 0, 0, G_OPTION_ARG_FILENAME, &options->trace,
         "write the table of calls to FILE; '-' is standard error", "FILE"},
        {"threads", 0, 0, G_OPTION_ARG_INT, &options->threads,
         "most calls in progress at once (default: 64)", "N"},
        G_OPTION_ENTRY_NULL,
    };

    g_option_context_add_main_entries(context, entries, NULL);
    driver_options_add(&options->driver, context);
}

/* Take a string from the key file unless the option was given. */
static bool load_string(GKeyFile *file, const char *key, char **value, GError **error)
{
    g_autoptr(GError) missing = NULL;
    g_autofree char *text = g_key_file_get_string(file, "instance", key, &missing);

    if (missing && !g_error_matches(missing, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND) &&
        !g_error_matches(missing, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_GROUP_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&missing));
        return false;
    }
    if (!*value) {
        *value = g_steal_pointer(&text);
    }
    return true;
}

/* A misspelt key must not silently mean the default. */
static bool check_keys(GKeyFile *file, const char *path, const char *const *known, GError **error)
{
    g_auto(GStrv) keys = g_key_file_get_keys(file, "instance", NULL, NULL);

    for (char **key = keys; key && *key; key++) {
        if (!g_strv_contains(known, *key)) {
            g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND,
                        "%s: there is no option '%s'", path, *key);
            return false;
        }
    }
    return true;
}

bool instance_options_load(InstanceOptions *options, const char *path, GError **error)
{
    static const char *const known[] = {"name",    "gpus",   "caps",          "trace",
                                        "threads", "driver", "driver-policy", NULL};
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *threads = NULL;
    guint64 number;

    if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, error)) {
        g_prefix_error(error, "%s: ", path);
        return false;
    }
    if (!check_keys(file, path, known, error) ||
        !load_string(file, "name", &options->name, error) ||
        !load_string(file, "gpus", &options->gpus, error) ||
        !load_string(file, "caps", &options->caps, error) ||
        !load_string(file, "trace", &options->trace, error) ||
        !load_string(file, "driver", &options->driver.driver, error) ||
        !load_string(file, "driver-policy", &options->driver.policy, error) ||
        !load_string(file, "threads", &threads, error)) {
        return false;
    }
    if (threads && options->threads == 0) {
        if (!g_ascii_string_to_unsigned(threads, 10, 1, THREADS_MAX, &number, error)) {
            g_prefix_error(error, "%s: threads: ", path);
            return false;
        }
        options->threads = (int)number;
    }
    return true;
}

void instance_options_clear(InstanceOptions *options)
{
    g_free(options->name);
    g_free(options->gpus);
    g_free(options->caps);
    g_free(options->trace);
    driver_options_clear(&options->driver);
}

static bool open_trace(const char *path, int *fd, GError **error)
{
    *fd = -1;
    if (!path) {
        return true;
    }
    *fd = g_str_equal(path, "-")
              ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
              : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
    if (*fd < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "cannot write the table of calls to %s: %s", path, g_strerror(errno));
    }
    return *fd >= 0;
}

static bool check_threads(int threads, unsigned *result, GError **error)
{
    if (threads < 0 || threads > THREADS_MAX) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "--threads takes 1 to %d, not %d", THREADS_MAX, threads);
        return false;
    }
    *result = threads ? (unsigned)threads : THREADS_DEFAULT;
    return true;
}

bool instance_plan_make(InstancePlan *plan, const InstanceOptions *options,
                        const char *default_name, GError **error)
{
    InstanceConfig *config = &plan->config;
    const DriverNode *node;

    config->trace_fd = -1;
    config->devices = plan->devices;
    config->name = options->name ? options->name : default_name;
    if (!config->name) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                            "an instance needs a name (--name)");
        return false;
    }
    if (!instance_check_name(config->name, error) ||
        !check_threads(options->threads, &config->threads, error) ||
        !nv_caps_parse(options->caps ? options->caps : "compute,utility", &config->caps, error) ||
        !host_devices_find(options->gpus ? options->gpus : "all", plan->devices, &config->n_devices,
                           error) ||
        !(node = driver_options_choose(&options->driver, error)) ||
        !open_trace(options->trace, &config->trace_fd, error)) {
        return false;
    }
    plan->abi = driver_abi_new(node);
    config->abi = plan->abi;
    return true;
}

void instance_plan_clear(InstancePlan *plan)
{
    if (plan->config.trace_fd > 0) {
        close(plan->config.trace_fd);
    }
    g_clear_pointer(&plan->abi, driver_abi_free);
}
