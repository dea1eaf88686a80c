/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/worker/worker-start.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "cuse-server/wire/quota/quota-page.h"
#include "cuse-server/wire/worker-spec.h"
#include "cuse-server/worker/worker.h"
#include "version-tree/driver-abi.h"

/*
 * Standard error is open already. Messages there are for the operator.
 *
 * #syscalls:worker write close
 */

/* Get the driver's tables: from the recording, or composed anew. */
static bool find_abi(const InstanceSpec *spec, WorkerConfig *config, GError **error)
{
    if (instance_is_simulated(spec)) {
        g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", spec->simulation_fd);
        config->simulation = simulation_new(path, error);
        config->abi = config->simulation ? simulation_abi(config->simulation) : NULL;
        close(spec->simulation_fd);
    } else {
        const DriverRelease *release = driver_release_find(spec->driver);
        config->abi = release ? driver_abi_new(release) : NULL;
        if (!release) {
            g_set_error_literal(error, DRIVER_ERROR, DRIVER_ERROR_UNKNOWN,
                                "invalid worker specification: its driver version is not in the "
                                "version tree");
        }
    }
    return config->abi;
}

static bool start(const char *fd_text, WorkerSpec *spec, GError **error)
{
    guint64 fd;

    if (!g_ascii_string_to_unsigned(fd_text, 10, 0, INT_MAX, &fd, error) ||
        !worker_spec_read((int)fd, spec, error)) {
        return false;
    }
    close((int)fd);
    WorkerConfig config = {.spec = spec};

    if (!(config.ledger = ledger_map(spec->ledger_fd, error)) ||
        !(config.quotas = quota_page_map(spec->quota_fd, error)) ||
        !find_abi(&spec->instance, &config, error)) {
        return false;
    }
    close(spec->ledger_fd);
    close(spec->quota_fd);
    worker_main(&config);
}

/*
 * Set the character set of messages to UTF-8. GLib looks at this variable before the locale. A process without an environment
 * has another character set than UTF-8. GLib would then load code to convert each message, and the system call filter would
 * kill the worker for that.
 */
static void settle_messages(void)
{
    (void)g_setenv("CHARSET", "UTF-8", TRUE);
}

int worker_start(int argc, char **argv)
{
    g_autofree WorkerSpec *spec = g_new(WorkerSpec, 1);
    g_autoptr(GError) error = NULL;

    settle_messages();
    (void)start(argc == 2 ? argv[1] : "", spec, &error);
    g_printerr(WORKER_PROGRAM ": %s\n", error->message);
    return EXIT_FAILURE;
}
