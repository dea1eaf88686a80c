/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nvcuse-runtime: an OCI runtime that calls another OCI runtime. For a container that asks for GPUs, it starts an
 * instance, and changes config.json so that the container is connected to the instance. Then this process becomes
 * the other runtime. In every other case it becomes the other runtime at once.
 */
#include "cuse-server/cli/cmd-runtime.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/json/json-reader.h"
#include "cuse-server/base/visible-line.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/cli/options/driver-options.h"
#include "cuse-server/cli/options/instance-options.h"
#include "cuse-server/container/container-files.h"
#include "cuse-server/inventory/gpu-lists.h"
#include "cuse-server/observe/run-directory.h"
#include "cuse-server/oci/config/oci-bundle.h"
#include "cuse-server/oci/config/oci-edit.h"
#include "cuse-server/oci/hooks/clean-start.h"
#include "cuse-server/oci/hooks/oci-hook.h"
#include "cuse-server/oci/request/requirements.h"
#include "cuse-server/oci/runtime/container-instance.h"
#include "cuse-server/oci/runtime/runtime-args.h"
#include "cuse-server/oci/runtime/runtime-config.h"
#include "cuse-server/oci/runtime/runtime-log.h"
#include "cuse-server/oci/runtime/runtime-program.h"
#include "cuse-server/oci/runtime/runtime-update.h"
#include "cuse-server/oci/runtime/seccomp-socket.h"

/* Report an error. This is the only place where text from a container leaves this program. */
static int fail(const RuntimeArgs *args, const GError *error)
{
    g_autofree char *line = visible_line(error->message);
    g_autofree char *message = g_strconcat("nvcuse-runtime: ", line, NULL);

    g_printerr("%s\n", message);
    runtime_log(args, "error", message);
    return EXIT_FAILED;
}

static bool start_instance(const RuntimeArgs *args, const RuntimeConfig *runtime,
                           const OciRequest *request, OciEdit *edit, GError **error)
{
    g_autofree char *caps = nv_caps_format(request->caps, ",");
    g_autofree char *gpus = gpu_list_by_minor(request->gpus);
    g_autofree char *gpu_memory =
        request->gpu_memory ? gpu_list_by_minor(request->gpu_memory) : NULL;
    const char *const given[][2] = {{"--gpus", gpus},
                                    {"--imex-channels", request->imex_channels},
                                    {"--caps", caps},
                                    {"--gpu-memory", gpu_memory},
                                    {"--pinned-memory", request->pinned_memory},
                                    {"--config", runtime->instance_config}};
    const char *options[2 * G_N_ELEMENTS(given) + 1] = {NULL};
    size_t n = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(given); i++) {
        if (given[i][1]) {
            options[n++] = given[i][0];
            options[n++] = given[i][1];
        }
    }
    return container_instance_start(edit->program, edit->instance, args->bundle, options,
                                    &edit->pid, error);
}

/* Ask the instance for its nodes. They determine which system calls the container's filter has to report to the
 * instance. */
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
    edit->needs = container_node_needs(names);
    return true;
}

/* Check the kernel and the other runtime. The kernel comes first, because its check costs nothing. */
static bool can_wait_killable(const RuntimeConfig *runtime)
{
    return guest_filter_can_wait_killable() &&
           runtime_program_waits_killable(runtime->path, RUNTIME_PROGRAM_MS);
}

/* Log what the engine gave the container and nvcuse takes away. Only in the log: standard error is the container's. */
static void log_notes(const RuntimeArgs *args, const GPtrArray *notes)
{
    for (guint i = 0; i < notes->len; i++) {
        g_autofree char *line = visible_line(g_ptr_array_index(notes, i));
        g_autofree char *message = g_strconcat("nvcuse-runtime: ", line, NULL);
        runtime_log(args, "warning", message);
    }
}

/* Note the capabilities that the container asks for, and for which there is nothing. */
static void note_unserved(NvCaps unserved, GPtrArray *notes)
{
    g_autofree char *names = nv_caps_format(unserved, ",");

    if (unserved) {
        g_ptr_array_add(notes, g_strdup_printf("NVIDIA_DRIVER_CAPABILITIES names %s, for which "
                                               "nvcuse has nothing: left out",
                                               names));
    }
}

/* Note the channels that an image asks for: no image may choose them. */
static void note_channels(JsonValue *config, const OciRequest *request, GPtrArray *notes)
{
    const char *channels = oci_request_variable(config, "NVIDIA_IMEX_CHANNELS");

    if (channels && *channels && !request->imex_channels) {
        g_ptr_array_add(notes, g_strdup_printf("NVIDIA_IMEX_CHANNELS=%s gives no channel: expected "
                                               "device nodes of channels from the engine, or "
                                               "imex-channels in the file of instance-config",
                                               channels));
    }
}

/* Check what the image requires of the driver. If the driver does not tell its version, the instance will say so. */
static bool check_requirements(JsonValue *config, GError **error)
{
    DriverVersion driver;

    return !requirements_any(config) || !driver_version_ask_host(&driver, NULL) ||
           requirements_check(config, driver, error);
}

/* Start an instance for a container that asks for GPUs, and connect the container to it. */
static bool connect_container(const RuntimeArgs *args, const RuntimeConfig *runtime,
                              JsonValue *config, const OciRequest *request, GError **error)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", error);
    g_autofree char *instance = container_instance_name(args->id, args->bundle);
    g_autofree char *listener_path = seccomp_socket_of(instance);
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
    OciEdit edit = {
        .instance = instance,
        .listener_path = listener_path,
        .program = program,
        .wait_killable = can_wait_killable(runtime),
        .bundle = args->bundle,
        .notes = notes,
    };

    /* Start the instance first: some of the things to deny to the container exist only then. If a later step
     * fails, the instance ends with this process. */
    bool ok = program && check_requirements(config, error) &&
              start_instance(args, runtime, request, &edit, error) && ask_instance(&edit, error) &&
              (!runtime->cdi || request->by_cdi || oci_edit_add_cdi(config, runtime->cdi, error)) &&
              oci_edit_apply(config, &edit, error) &&
              oci_bundle_exchange(args->bundle, config, error);
    note_unserved(request->unserved, notes);
    note_channels(config, request, notes);
    log_notes(args, notes);
    return ok;
}

/* Refuse a configuration outside the bundle. Hooks and instances would not find it. */
static bool refuse_elsewhere(const RuntimeArgs *args, GError **error)
{
    g_set_error(
        error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
        "--config %s: not supported for a container with GPUs: expected config.json in the bundle",
        args->config);
    return false;
}

/* Refuse to restore from a checkpoint. A process's objects in the driver cannot be restored, and a checkpoint does not
 * have an instance. */
static bool refuse_restore(GError **error)
{
    g_set_error_literal(
        error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
        "restore: not supported for a container with GPUs: create the container anew");
    return false;
}

static bool connect_request(const RuntimeArgs *args, const RuntimeConfig *runtime,
                            JsonValue *config, const OciRequest *request, GError **error)
{
    if (args->command == RUNTIME_RESTORE) {
        return refuse_restore(error);
    }
    return args->config ? refuse_elsewhere(args, error)
                        : connect_container(args, runtime, config, request, error);
}

/* Read a container's request. It becomes options of the instance, and options override the instances' file. So the GPUs,
 * the capabilities and the limits of memory in that file have to limit the request here. */
static bool read_request(const RuntimeConfig *runtime, JsonValue *config, OciRequest *request,
                         GError **error)
{
    InstanceOptions limits = {0};
    OciPolicy policy = runtime->policy;
    NvCaps caps = policy.caps;
    bool ok = !runtime->instance_config ||
              instance_options_load(&limits, runtime->instance_config, error);

    ok = ok && (!limits.caps || nv_caps_parse(limits.caps, &caps, error));
    policy.gpus = limits.gpus;
    policy.imex_channels = limits.imex_channels;
    policy.gpu_memory = limits.gpu_memory;
    policy.pinned_memory = limits.pinned_memory;
    policy.without_quotas = limits.record || limits.simulate;
    policy.caps &= caps;
    ok = ok && oci_request_read(config, &policy, request, error);
    instance_options_clear(&limits);
    return ok;
}

/* Do what is necessary before the container is made. */
static bool prepare_container(const RuntimeArgs *args, const RuntimeConfig *runtime, GError **error)
{
    g_autoptr(GError) missing = NULL;
    g_autoptr(JsonValue) config = args->config ? oci_bundle_load_file(args->config, &missing)
                                               : oci_bundle_load(args->bundle, &missing);
    OciRequest request;

    if (!config) {
        if (g_error_matches(missing, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
            return true; /* the other runtime reports this error itself */
        }
        g_propagate_error(error, g_steal_pointer(&missing));
        return false;
    }
    if (!read_request(runtime, config, &request, error)) {
        return false;
    }
    bool ok = !request.gpus || connect_request(args, runtime, config, &request, error);
    oci_request_clear(&request);
    return ok;
}

/* Prepare an update of any container. The command line does not say whether the container has GPUs. */
static bool update(RuntimeArgs *args, const RuntimeConfig *runtime, GError **error)
{
    bool dropped;
    bool ok = runtime_update_prepare(args, runtime_syntax_of(runtime->path), &dropped, error);

    if (ok && dropped) {
        runtime_log(args, "warning",
                    "nvcuse-runtime: update leaves a container's device rules as they are: the new "
                    "ones (devices) are left out");
    }
    return ok;
}

static bool prepare(RuntimeArgs *args, const RuntimeConfig *runtime, GError **error)
{
    switch (args->command) {
    case RUNTIME_CREATE:
    case RUNTIME_RUN:
    case RUNTIME_RESTORE:
        return !args->id || prepare_container(args, runtime, error);
    case RUNTIME_UPDATE:
        return update(args, runtime, error);
    case RUNTIME_OTHER:
        break;
    }
    return true;
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
    if (!runtime_args_read_global(&args, argv, &error)) {
        return fail(&args, error);
    }
    if (args.runtime) {
        g_setenv("NVCUSE_RUNTIME", args.runtime, TRUE);
    }
    if (!runtime_config_load(&runtime, &error) ||
        !runtime_args_read_command(&args, runtime_syntax_of(runtime.path), &error) ||
        !prepare(&args, &runtime, &error)) {
        return fail(&args, error);
    }
    args.words[0] = runtime.path;
    execv(runtime.path, args.words);
    g_set_error(&error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot run %s: %s", runtime.path,
                g_strerror(errno));
    return fail(&args, error);
}
