/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/options/instance-plan.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/life/broker-filter.h"
#include "cuse-server/cli/options/quota-options.h"
#include "cuse-server/inventory/capability-devices.h"
#include "cuse-server/inventory/gpu-lists.h"
#include "cuse-server/inventory/host-devices.h"
#include "cuse-server/inventory/host-file.h"
#include "cuse-server/worker/worker.h"

#define MEBIBYTE (UINT64_C(1024) * 1024)

/* --- what depends on no host ------------------------------------------------------------------ */

static bool set_name(InstanceSpec *spec, const char *name, GError **error)
{
    if (!name) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                            "--name is missing: give the instance a name");
        return false;
    }
    if (!instance_check_name(name, error)) {
        return false;
    }
    (void)g_strlcpy(spec->name, name, sizeof spec->name);
    return true;
}

static void set_numbers(InstanceSpec *spec, const InstanceOptions *options)
{
    spec->record_limit = (uint64_t)options->record_limit.value * MEBIBYTE;
    spec->threads = (unsigned)options->threads.value;
    spec->limits = (ProxyLimits){
        .files = (unsigned)options->max_files.value,
        .objects = {(unsigned)options->max_clients.value, (unsigned)options->max_objects.value},
    };
}

/* Refuse options that exclude each other. */
static bool check_pairs(const InstanceOptions *options, GError **error)
{
    if (options->record && g_strcmp0(options->on_worker_death, "restart") == 0) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                            "cannot be used with --on-worker-death=restart: a recording is of one "
                            "worker");
        return instance_options_blame(options, "record", error);
    }
    const struct {
        const char *name;
        const char *value;
    } of_recording[] = {{"gpus", options->gpus},
                        {"mig", options->mig},
                        {"imex-channels", options->imex_channels},
                        {"gpu-memory", options->gpu_memory},
                        {"pinned-memory", options->pinned_memory},
                        {"managed-memory", options->managed_memory},
                        {"gpu-share", options->gpu_share.text},
                        {"gpu-cap", options->gpu_cap.text},
                        {"driver", options->driver.driver},
                        {"driver-policy", options->driver.policy},
                        {"record", options->record}};
    for (size_t i = 0; options->simulate && i < G_N_ELEMENTS(of_recording); i++) {
        if (of_recording[i].value) {
            g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                                "cannot be used with --simulate: a simulated instance is as the "
                                "recorded one was");
            return instance_options_blame(options, of_recording[i].name, error);
        }
    }
    return quota_options_pair(options, error);
}

/* --- the recorded instance -------------------------------------------------------------------- */

/* Read the recording, and keep it open for the worker, which reads it as well. */
static bool open_simulation(InstancePlan *plan, const char *path, GError **error)
{
    plan->spec.simulation_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (plan->spec.simulation_fd < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot read %s: %s", path,
                    g_strerror(errno));
        return false;
    }
    plan->simulation = simulation_new(path, error);
    return plan->simulation;
}

/* Specify the instance as the recorded instance was. Only its capabilities may be changed by an option. */
static bool simulate(InstancePlan *plan, const InstanceOptions *options, GError **error)
{
    InstanceSpec *spec = &plan->spec;

    if (!open_simulation(plan, options->simulate, error)) {
        return instance_options_blame(options, "simulate", error);
    }
    const TraceSession *session = simulation_session(plan->simulation);
    plan->abi = simulation_abi(plan->simulation);
    spec->driver = driver_abi_release(plan->abi)->version;
    spec->caps = session->caps;
    spec->scope_gpus = session->scoped;
    spec->share_uvm = session->share_uvm;
    spec->n_devices = session->n_devices;
    memcpy(spec->devices, session->devices, sizeof spec->devices);
    return !options->caps || nv_caps_parse(options->caps, &spec->caps, error);
}

/* --- the host --------------------------------------------------------------------------------- */

/* Blame the option @name, if there is one, for what the host does not have; but not for a driver that is not there at all. Returns
 * false. */
static bool blame_choice(const InstanceOptions *options, const char *name, GError **error)
{
    const bool no_driver = g_error_matches(*error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED) ||
                           g_error_matches(*error, DRIVER_ERROR, DRIVER_ERROR_HOST);

    return name && !no_driver ? instance_options_blame(options, name, error) : false;
}

/* Check whether the instance needs a scope. With "all" it does not: "all" includes every GPU, also later ones. But limits of GPU
 * memory are for the GPUs that the host has now, so later ones have to stay hidden. */
static bool wants_scope(const InstanceOptions *options, const char *gpus)
{
    return options->gpu_memory || !g_str_equal(gpus, "all");
}

/* Set what the filter of system calls depends on. */
static bool choose_abi(InstancePlan *plan, const InstanceOptions *options, GError **error)
{
    const DriverRelease *release;

    if (!nv_caps_parse(options->caps ? options->caps : "compute,utility", &plan->spec.caps,
                       error)) {
        return false;
    }
    release = driver_options_choose(&options->driver, error);
    if (!release) {
        return blame_choice(options,
                            options->driver.driver   ? "driver"
                            : options->driver.policy ? "driver-policy"
                                                     : NULL,
                            error);
    }
    plan->spec.driver = release->version;
    plan->own_abi = driver_abi_new(release);
    plan->abi = plan->own_abi;
    return true;
}

/* Choose the ABI for the driver that is loaded, and mark that driver. The mark is older than the answer, so it is of the driver that
 * answered if it still holds. */
static bool choose_marked_abi(InstancePlan *plan, const InstanceOptions *options, GError **error)
{
    plan->spec.driver_mark = host_driver_mark();
    if (!choose_abi(plan, options, error)) {
        return false;
    }
    if (plan->spec.driver_mark < 0 || !host_driver_is_marked(plan->spec.driver_mark)) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
                            "the NVIDIA driver was unloaded meanwhile: load it, and try again");
        return false;
    }
    return true;
}

static bool find_devices(InstancePlan *plan, const InstanceOptions *options, GError **error)
{
    InstanceSpec *spec = &plan->spec;
    g_autofree char *gpus = gpu_list_minors(options->gpus ? options->gpus : "all", error);

    if (!gpus || !host_devices_find(gpus, spec->devices, &spec->n_devices, error)) {
        return blame_choice(options, options->gpus ? "gpus" : NULL, error);
    }
    spec->scope_gpus = wants_scope(options, gpus);
    if (!choose_marked_abi(plan, options, error)) {
        return false;
    }
    capability_devices_add(spec->caps, spec->devices, &spec->n_devices);
    if (!mig_nodes_add(options->mig, spec->devices, &spec->n_devices, error)) {
        return instance_options_blame(options, "mig", error);
    }
    if (!imex_channels_add(options->imex_channels, spec->devices, &spec->n_devices, error)) {
        return instance_options_blame(options, "imex-channels", error);
    }
    return quota_options_set(options, spec, error);
}

/* Open a file without emptying it: it may be the file of a running instance, and this one be refused for its name. */
static bool open_output(const char *path, const char *what, int *fd, GError **error)
{
    *fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
    if (*fd < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot write %s to %s: %s",
                    what, path, g_strerror(errno));
    }
    return *fd >= 0;
}

static bool open_call_log(const char *path, int *fd, GError **error)
{
    if (g_strcmp0(path, "-") == 0) {
        *fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
        if (*fd < 0) {
            g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                        "cannot write to standard error: %s", g_strerror(errno));
        }
        return *fd >= 0;
    }
    return !path || open_output(path, "the table of calls", fd, error);
}

static bool open_outputs(InstancePlan *plan, const InstanceOptions *options, GError **error)
{
    InstanceSpec *spec = &plan->spec;

    plan->call_log_is_file = g_strcmp0(options->call_log, "-") != 0;
    if (!open_call_log(options->call_log, &spec->call_log_fd, error)) {
        return instance_options_blame(options, "call-log", error);
    }
    return !options->record ||
           open_output(options->record, "the recording", &spec->record_fd, error) ||
           instance_options_blame(options, "record", error);
}

/* --- the plan --------------------------------------------------------------------------------- */

static InstancePlan *plan_new(void)
{
    InstancePlan *plan = g_new(InstancePlan, 1);

    *plan = (InstancePlan){
        .spec = {.call_log_fd = -1, .record_fd = -1, .simulation_fd = -1, .driver_mark = -1},
    };
    return plan;
}

void instance_plan_free(InstancePlan *plan)
{
    close_if_open(plan->spec.call_log_fd);
    close_if_open(plan->spec.record_fd);
    close_if_open(plan->spec.simulation_fd);
    close_if_open(plan->spec.driver_mark);
    g_clear_pointer(&plan->own_abi, driver_abi_free);
    g_clear_pointer(&plan->simulation, simulation_free);
    g_free(plan);
}

/* Set what the words of options mean. instance_options_check() has found no fault in them. */
static bool set_words(InstancePlan *plan, const InstanceOptions *options, GError **error)
{
    InstanceSpec *spec = &plan->spec;

    return (!options->opens || opens_parse(options->opens, &plan->all_opens, error)) &&
           (!options->uvm_sharing ||
            uvm_sharing_parse(options->uvm_sharing, &spec->share_uvm, error)) &&
           (!options->on_worker_death ||
            worker_death_parse(options->on_worker_death, &spec->on_worker_death, error)) &&
           transport_kind_choose(options->transport ? options->transport : "auto", &spec->transport,
                                 error) &&
           guest_memory_kind_choose(options->guest_memory ? options->guest_memory : "auto",
                                    &spec->guest_memory, error);
}

InstancePlan *instance_plan_new(const InstanceOptions *options, const char *default_name,
                                GError **error)
{
    g_autoptr(InstancePlan) plan = plan_new();
    InstanceSpec *spec = &plan->spec;

    set_numbers(spec, options);
    plan->audit = options->audit ? options->audit : "auto";
    plan->textfile_dir = options->textfile_dir;
    /* Set words after the recorded instance: it says whose UVM files are, and --uvm-sharing may change that. */
    if (set_name(spec, options->name ? options->name : default_name, error) &&
        check_pairs(options, error) &&
        (options->simulate ? simulate(plan, options, error) : find_devices(plan, options, error)) &&
        set_words(plan, options, error) && open_outputs(plan, options, error)) {
        return g_steal_pointer(&plan);
    }
    return NULL;
}

FilterNeeds instance_plan_needs(const InstancePlan *plan)
{
    FilterNeeds needs = filter_needs(plan->spec.devices, plan->spec.n_devices);

    needs.all_opens = plan->all_opens;
    return needs;
}

BrokerConfig instance_plan_broker(const InstancePlan *plan, const char *audit_otherwise,
                                  const BrokerOps *ops, gpointer data)
{
    return (BrokerConfig){
        .report = {.instance = &plan->spec,
                   .abi = plan->abi,
                   .audit = plan->audit,
                   .audit_otherwise = audit_otherwise,
                   .textfile_directory = plan->textfile_dir},
        .outputs = {plan->call_log_is_file ? plan->spec.call_log_fd : -1, plan->spec.record_fd},
        .ops = ops,
        .data = data,
    };
}

char *instance_plan_filter(const InstanceOptions *options, GError **error)
{
    g_autoptr(InstancePlan) plan = plan_new();

    if (!check_pairs(options, error) ||
        !(options->simulate ? simulate(plan, options, error) : choose_abi(plan, options, error))) {
        return NULL;
    }
    g_autofree char *worker = worker_filter_text(&plan->spec, plan->abi);
    g_autofree char *broker = broker_filter_text();
    return g_strconcat("worker:\n", worker, "broker:\n", broker, NULL);
}
