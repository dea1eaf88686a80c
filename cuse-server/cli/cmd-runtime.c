/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nvcuse-runtime: an OCI runtime in front of another. A container that asks for GPUs gets an
 * instance of its own, and a config.json that connects it; then, and in every other case at once,
 * this process becomes the other runtime.
 */
#include "cuse-server/cli/cmd-runtime.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/cli/clean-start.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/cli/container-instance.h"
#include "cuse-server/cli/json-reader.h"
#include "cuse-server/cli/runtime-args.h"
#include "cuse-server/cli/runtime-config.h"
#include "cuse-server/container/json-text.h"
#include "cuse-server/container/oci-bundle.h"
#include "cuse-server/container/oci-edit.h"
#include "cuse-server/container/oci-hook.h"
#include "cuse-server/container/seccomp-socket.h"
#include "cuse-server/observe/run-directory.h"
#include "cuse-server/observe/visible-line.h"

/* A line as logrus writes it, which runc logs with: a value in quotes. */
static char *text_entry(const char *time, const char *message)
{
    g_autoptr(GString) quoted = g_string_new(message);

    g_string_replace(quoted, "\"", "\\\"", 0);
    return g_strdup_printf("time=\"%s\" level=error msg=\"%s\"", time, quoted->str);
}

/* Engines show what the runtime wrote to its log, not what it said. @message: a visible line */
static void log_error(const RuntimeArgs *args, const char *message)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format_iso8601(now);
    g_autofree char *line = NULL;
    FILE *log = args->log ? fopen(args->log, "ae") : NULL;

    if (!log) {
        return;
    }
    if (g_strcmp0(args->log_format, "json") == 0) {
        g_autofree char *readable = g_utf8_make_valid(message, -1);
        g_autoptr(JsonValue) entry = json_new_object();
        json_set_string(entry, "level", "error");
        json_set_string(entry, "msg", readable);
        json_set_string(entry, "time", time);
        line = json_text_write(entry);
    } else {
        line = text_entry(time, message);
    }
    (void)fprintf(log, "%s\n", line);
    (void)fclose(log);
}

/* The one place where text of a container's leaves this program. */
static int fail(const RuntimeArgs *args, const GError *error)
{
    g_autofree char *line = visible_line(error->message);
    g_autofree char *message = g_strconcat("nvcuse-runtime: ", line, NULL);

    g_printerr("%s\n", message);
    log_error(args, message);
    return EXIT_FAILED;
}

static bool start_instance(const RuntimeArgs *args, const RuntimeConfig *runtime,
                           const OciRequest *request, OciEdit *edit, GError **error)
{
    g_autofree char *caps = nv_caps_format(request->caps, ",");
    const char *options[] = {"--gpus", request->gpus, "--caps", caps, NULL, NULL, NULL};

    if (runtime->instance_config) {
        options[4] = "--config";
        options[5] = runtime->instance_config;
    }
    return container_instance_start(edit->program, edit->instance, args->bundle, options,
                                    &edit->pid, error);
}

static bool ask_transport(OciEdit *edit, GError **error)
{
    g_autofree char *text = run_directory_ask(edit->instance, "control", error);
    g_autoptr(JsonObject) status = text ? json_read_object(text, error) : NULL;
    const char *transport = status ? json_read_string(status, "transport") : NULL;

    return status &&
           transport_kind_choose(transport ? transport : "", &edit->needs.transport, error);
}

/* Which calls it has to be asked about depends on what it offers, and only it knows. */
static bool ask_instance(OciEdit *edit, GError **error)
{
    int files[SECCOMP_SOCKET_VIEW_FILES];
    g_autofree char *names = oci_hook_view(edit->instance, files, error);

    if (!names) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        close(files[i]);
    }
    edit->needs.capability_nodes = strstr(names, "nvidia-caps") != NULL;
    return ask_transport(edit, error);
}

/* A container that asks for GPUs. */
static bool connect_container(const RuntimeArgs *args, const RuntimeConfig *runtime,
                              JsonValue *config, const OciRequest *request, GError **error)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", error);
    g_autofree char *instance = container_instance_name(args->id, args->bundle);
    g_autofree char *listener_path = seccomp_socket_of(instance);
    OciEdit edit = {
        .instance = instance,
        .listener_path = listener_path,
        .program = program,
        .bundle = args->bundle,
    };

    /* The instance first: some of what is denied to the container is there only with it. It ends
     * with this process if anything fails. */
    return program && start_instance(args, runtime, request, &edit, error) &&
           ask_instance(&edit, error) &&
           (!runtime->cdi || request->by_cdi || oci_edit_add_cdi(config, runtime->cdi, error)) &&
           oci_edit_apply(config, &edit, error) && oci_bundle_exchange(args->bundle, config, error);
}

/* A configuration that is not in its bundle has no place that hooks and instances know of. */
static bool refuse_elsewhere(const RuntimeArgs *args, GError **error)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                "a container with GPUs has to have its configuration in the bundle, not in %s",
                args->config);
    return false;
}

/* Whatever has to be done before the container is made. */
static bool prepare(const RuntimeArgs *args, const RuntimeConfig *runtime, GError **error)
{
    g_autoptr(GError) missing = NULL;
    g_autoptr(JsonValue) config = args->config ? oci_bundle_load_file(args->config, &missing)
                                               : oci_bundle_load(args->bundle, &missing);
    OciRequest request;

    if (!config) {
        if (g_error_matches(missing, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
            return true; /* the runtime has its own words for that */
        }
        g_propagate_error(error, g_steal_pointer(&missing));
        return false;
    }
    if (!oci_request_read(config, &runtime->policy, &request, error)) {
        return false;
    }
    bool ok =
        !request.gpus || (args->config ? refuse_elsewhere(args, error)
                                       : connect_container(args, runtime, config, &request, error));
    oci_request_clear(&request);
    return ok;
}

static int run_hook(char **args)
{
    g_autoptr(GError) error = NULL;

    if (!clean_start(&error)) {
        g_printerr("nvcuse-runtime: %s\n", error->message);
        return EXIT_FAILED;
    }
    return oci_hook_main(args);
}

int cmd_runtime(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    RuntimeConfig runtime;
    RuntimeArgs args;

    if (clean_start_is_hook(argc, argv)) {
        return run_hook(argv + 2);
    }
    runtime_args_read(&args, argc, argv);
    if (args.runtime) {
        g_setenv("NVCUSE_RUNTIME", args.runtime, TRUE);
    }
    if (!runtime_config_load(&runtime, &error) ||
        (args.creates && args.id && !prepare(&args, &runtime, &error))) {
        return fail(&args, error);
    }
    args.words[0] = runtime.path;
    execv(runtime.path, args.words);
    g_set_error(&error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot run %s: %s", runtime.path,
                g_strerror(errno));
    return fail(&args, error);
}
