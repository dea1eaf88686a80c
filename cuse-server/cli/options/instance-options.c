/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/options/instance-options.h"
#include "cuse-server/broker/life/broker-filter.h"
#include "cuse-server/worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/config-file.h"
#include "cuse-server/inventory/capability-nodes.h"
#include "cuse-server/inventory/host-devices.h"
#include "cuse-server/observe/audit.h"

#define MEBIBYTE (UINT64_C(1024) * 1024)

typedef enum { OPTION_TEXT, OPTION_PATH, OPTION_NUMBER } OptionKind;

/*
 * An option of an instance. It has the same name on the command line and in a configuration file.
 * A number is at least 1; `initial` is its value if the option is not given.
 */
typedef struct {
    const char *name;
    OptionKind kind;
    size_t value; /* offset in InstanceOptions */
    bool (*check)(const char *text, GError **error);
    int initial;
    int max;
    const char *placeholder;
    const char *help; /* NULL: other code adds the option to the command line */
} InstanceOption;

static bool check_caps(const char *text, GError **error)
{
    NvCaps caps;

    return nv_caps_parse(text, &caps, error);
}

static bool check_policy(const char *text, GError **error)
{
    DriverPolicy policy;

    return driver_policy_parse(text, &policy, error);
}

/* Read how UVM files are shared. @shared: set to whether several processes share them */
static bool parse_uvm_sharing(const char *text, bool *shared, GError **error)
{
    *shared = g_str_equal(text, "multi-process");
    if (*shared || g_str_equal(text, "process")) {
        return true;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "'%s' is no way to share UVM files: process or multi-process", text);
    return false;
}

static bool check_uvm_sharing(const char *text, GError **error)
{
    bool shared;

    return parse_uvm_sharing(text, &shared, error);
}

/* Read what to do when the worker ends. @renew: set to whether a new worker takes its place */
static bool parse_worker_death(const char *text, bool *renew, GError **error)
{
    *renew = g_str_equal(text, "restart");
    if (*renew || g_str_equal(text, "end")) {
        return true;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "'%s' is nothing to do when the worker dies: end or restart", text);
    return false;
}

static bool check_worker_death(const char *text, GError **error)
{
    bool renew;

    return parse_worker_death(text, &renew, error);
}

static bool check_driver(const char *text, GError **error)
{
    DriverVersion version;

    return g_str_equal(text, "host") || driver_version_resolve(text, &version, error);
}

static bool check_directory(const char *text, GError **error)
{
    if (g_path_is_absolute(text)) {
        return true;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "'%s' is no absolute path", text);
    return false;
}

#define AT(member) offsetof(InstanceOptions, member)
static const InstanceOption instance_options[] = {
    {"name", OPTION_TEXT, AT(name), .check = instance_check_name, .placeholder = "NAME",
     .help = "name of the instance and of its devices, /dev/nvcuse/NAME/*"},
    {"gpus", OPTION_TEXT, AT(gpus), .check = host_gpus_check, .placeholder = "LIST",
     .help = "GPUs to offer: all (the default), none, or device minors like 0,1"},
    {"caps", OPTION_TEXT, AT(caps), .check = check_caps, .placeholder = "LIST",
     .help = "driver capabilities to open (default: compute,utility)"},
    {"mig", OPTION_TEXT, AT(mig), .check = mig_check, .placeholder = "LIST",
     .help = "MIG capability nodes to offer: config, monitor (default: none)"},
    {"imex-channels", OPTION_TEXT, AT(imex_channels), .check = imex_channels_check,
     .placeholder = "LIST", .help = "IMEX channels to offer, like 0,1 (default: none)"},
    {"uvm-sharing", OPTION_TEXT, AT(uvm_sharing), .check = check_uvm_sharing, .placeholder = "MODE",
     .help = "whose UVM files are: process (the default) or multi-process"},
    {"transport", OPTION_TEXT, AT(transport), .check = transport_kind_check, .placeholder = "WHICH",
     .help =
         "how calls reach nvcuse: cuse, notify, or auto (the default): cuse where the kernel has "
         "it"},
    {"guest-memory", OPTION_TEXT, AT(guest_memory), .check = guest_memory_kind_check,
     .placeholder = "WAY",
     .help = "how cuse reaches programs' memory: direct, retry, or auto (the default): direct"},
    {"on-worker-death", OPTION_TEXT, AT(on_worker_death), .check = check_worker_death,
     .placeholder = "WHAT", .help = "end (the default), or restart: have another worker serve"},
    {"trace", OPTION_PATH, AT(trace), .placeholder = "FILE",
     .help = "write the table of calls to FILE; '-' is standard error"},
    {"record", OPTION_PATH, AT(record), .placeholder = "FILE",
     .help = "record every call, with what went in and out, to FILE (nvcuse-trace(5))"},
    {"record-limit", OPTION_NUMBER, AT(record_limit), .initial = 1024, .max = 1 << 20,
     .placeholder = "MIB", .help = "stop recording at so many MiB (default: 1024)"},
    {"simulate", OPTION_PATH, AT(simulate), .placeholder = "FILE",
     .help = "no driver, no GPU: answer from a recording, on the devices that it is of"},
    {"threads", OPTION_NUMBER, AT(threads), .initial = 64, .max = 1024, .placeholder = "N",
     .help = "most calls in progress at once (default: 64)"},
    {"max-files", OPTION_NUMBER, AT(max_files), .initial = PROXY_FILES_DEFAULT, .max = 1 << 20,
     .placeholder = "N", .help = "most files in the driver, open or mapped (default: 16384)"},
    {"max-clients", OPTION_NUMBER, AT(max_clients), .initial = PROXY_CLIENTS_DEFAULT,
     .max = 1 << 20, .placeholder = "N", .help = "most clients in the driver (default: 8192)"},
    {"max-objects", OPTION_NUMBER, AT(max_objects), .initial = PROXY_OBJECTS_DEFAULT,
     .max = 1 << 24, .placeholder = "N", .help = "most objects in the driver (default: 262144)"},
    {"audit", OPTION_PATH, AT(audit), .check = audit_check, .placeholder = "WHERE",
     .help = "where audit events go: journal, none, a FILE, '-', or auto (default)"},
    {"textfile-dir", OPTION_PATH, AT(textfile_dir), .check = check_directory,
     .placeholder = "DIRECTORY", .help = "write metrics to DIRECTORY/nvcuse-NAME.prom"},
    {"driver", OPTION_TEXT, AT(driver.driver), .check = check_driver},
    {"driver-policy", OPTION_TEXT, AT(driver.policy), .check = check_policy},
};
#undef AT
G_STATIC_ASSERT(G_N_ELEMENTS(instance_options) <= INSTANCE_OPTIONS_MAX);

static int *number_of(InstanceOptions *options, const InstanceOption *option)
{
    return (int *)((char *)options + option->value);
}

static char **text_of(InstanceOptions *options, const InstanceOption *option)
{
    return (char **)((char *)options + option->value);
}

void instance_options_add(InstanceOptions *options, GOptionContext *context)
{
    static const GOptionArg args[] = {
        [OPTION_TEXT] = G_OPTION_ARG_STRING,
        [OPTION_PATH] = G_OPTION_ARG_FILENAME,
        [OPTION_NUMBER] = G_OPTION_ARG_INT,
    };
    GOptionEntry entries[G_N_ELEMENTS(instance_options) + 1] = {{0}};
    size_t n = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(instance_options); i++) {
        const InstanceOption *option = &instance_options[i];
        if (option->help) {
            entries[n++] = (GOptionEntry){
                .long_name = option->name,
                .short_name = g_str_equal(option->name, "name") ? 'n' : '\0',
                .arg = args[option->kind],
                .arg_data = (char *)options + option->value,
                .description = option->help,
                .arg_description = option->placeholder,
            };
        }
    }
    g_option_context_add_main_entries(context, entries, NULL);
    driver_options_add(&options->driver, context);
}

static bool check_number(const InstanceOption *option, const char *text, int *number,
                         GError **error)
{
    guint64 parsed;

    if (!g_ascii_string_to_unsigned(text, 10, 1, (guint64)option->max, &parsed, error)) {
        return false;
    }
    *number = (int)parsed;
    return true;
}

/* Check a value from a file, and take it if the command line did not have the option. */
static bool take_value(InstanceOptions *options, size_t index, char *text, const char *origin,
                       GError **error)
{
    const InstanceOption *option = &instance_options[index];
    bool taken = false;

    if (option->kind == OPTION_NUMBER) {
        int number;
        if (!check_number(option, text, &number, error)) {
            return false;
        }
        taken = *number_of(options, option) == 0;
        if (taken) {
            *number_of(options, option) = number;
        }
    } else {
        if (option->check && !option->check(text, error)) {
            return false;
        }
        taken = !*text_of(options, option);
        if (taken) {
            *text_of(options, option) = g_strdup(text);
        }
    }
    if (taken) {
        options->origins[index] = g_strdup(origin);
    }
    return true;
}

bool instance_options_load(InstanceOptions *options, const char *path, GError **error)
{
    const char *keys[G_N_ELEMENTS(instance_options) + 1] = {NULL};

    for (size_t i = 0; i < G_N_ELEMENTS(instance_options); i++) {
        keys[i] = instance_options[i].name;
    }
    g_autoptr(ConfigFile) file = config_file_read(path, "instance", keys, error);
    for (size_t i = 0; file && i < G_N_ELEMENTS(instance_options); i++) {
        g_autofree char *origin = NULL;
        g_autofree char *text = config_file_get(file, keys[i], &origin);
        if (text && !take_value(options, i, text, origin, error)) {
            g_prefix_error(error, "%s: %s: ", origin, keys[i]);
            return false;
        }
    }
    return file != NULL;
}

void instance_options_clear(InstanceOptions *options)
{
    for (size_t i = 0; i < G_N_ELEMENTS(instance_options); i++) {
        if (instance_options[i].kind != OPTION_NUMBER) {
            g_clear_pointer(text_of(options, &instance_options[i]), g_free);
        }
        g_clear_pointer(&options->origins[i], g_free);
    }
}

/* Prefix an error with the file and line that option @name came from, because the host does not have what the option
 * asks for. Returns false. */
static bool blame(const InstanceOptions *options, const char *name, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(instance_options); i++) {
        if (g_str_equal(instance_options[i].name, name) && options->origins[i]) {
            g_prefix_error(error, "%s: ", options->origins[i]);
        }
    }
    return false;
}

static bool open_output(const char *path, const char *what, int *fd, GError **error)
{
    *fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
    if (*fd < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot write %s to %s: %s",
                    what, path, g_strerror(errno));
    }
    return *fd >= 0;
}

static bool open_trace(const char *path, int *fd, GError **error)
{
    if (g_strcmp0(path, "-") == 0) {
        *fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
        return true;
    }
    return !path || open_output(path, "the table of calls", fd, error);
}

/* Check the numbers, and set those that were not given to their initial values. */
static bool settle_numbers(InstanceOptions *options, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(instance_options); i++) {
        const InstanceOption *option = &instance_options[i];
        if (option->kind != OPTION_NUMBER) {
            continue;
        }
        int *number = number_of(options, option);
        if (*number < 0 || *number > option->max) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                        "--%s takes 1 to %d, not %d", option->name, option->max, *number);
            return false;
        }
        if (*number == 0) {
            *number = option->initial;
        }
    }
    return true;
}

static const DriverNode *choose_driver(const InstanceOptions *options, GError **error)
{
    const DriverNode *node = driver_options_choose(&options->driver, error);

    if (!node) {
        blame(options, options->driver.driver ? "driver" : "driver-policy", error);
    }
    return node;
}

/* Check whether the instance needs a scope. With "all" it does not: "all" includes every GPU, also later ones. */
static bool wants_scope(const InstanceOptions *options)
{
    return options->gpus && !g_str_equal(options->gpus, "all");
}

/* Set the parts of the configuration that the filter of system calls depends on. */
static bool choose_abi(InstancePlan *plan, const InstanceOptions *options, GError **error)
{
    const DriverNode *node;

    if (!nv_caps_parse(options->caps ? options->caps : "compute,utility", &plan->config.caps,
                       error) ||
        !(node = choose_driver(options, error))) {
        return false;
    }
    plan->config.scope_gpus = wants_scope(options);
    plan->abi = driver_abi_new(node);
    plan->config.abi = plan->abi;
    return true;
}

static bool find_devices(InstancePlan *plan, const InstanceOptions *options, GError **error)
{
    InstanceConfig *config = &plan->config;

    if (!host_devices_find(options->gpus ? options->gpus : "all", plan->devices, &config->n_devices,
                           error)) {
        return blame(options, "gpus", error);
    }
    if (!choose_abi(plan, options, error)) {
        return false;
    }
    capability_nodes_add(config->caps, plan->devices, &config->n_devices);
    if (!mig_nodes_add(options->mig, plan->devices, &config->n_devices, error)) {
        return blame(options, "mig", error);
    }
    if (!imex_channels_add(options->imex_channels, plan->devices, &config->n_devices, error)) {
        return blame(options, "imex-channels", error);
    }
    return true;
}

/* Refuse options for which the recording determines the value, with a message. */
static bool check_simulate(const InstanceOptions *options, GError **error)
{
    const struct {
        const char *name;
        const char *value;
    } others[] = {{"gpus", options->gpus},
                  {"mig", options->mig},
                  {"imex-channels", options->imex_channels},
                  {"driver", options->driver.driver},
                  {"record", options->record}};

    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        if (others[i].value) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                        "--simulate and --%s exclude each other: a simulated instance is as the "
                        "recorded one was",
                        others[i].name);
            return blame(options, others[i].name, error);
        }
    }
    return true;
}

/* Read the recording, and keep it open for the worker, which reads it as well. */
static bool open_simulation(const char *path, InstancePlan *plan, GError **error)
{
    InstanceConfig *config = &plan->config;

    config->simulation_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (config->simulation_fd < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot read %s: %s", path,
                    g_strerror(errno));
        return false;
    }
    plan->simulation = simulation_new(path, error);
    config->simulated = plan->simulation;
    return plan->simulation;
}

/* Configure a simulated instance as the recorded instance was. Only its capabilities may be changed by an option. */
static bool simulate(InstancePlan *plan, const InstanceOptions *options, GError **error)
{
    InstanceConfig *config = &plan->config;

    if (!check_simulate(options, error)) {
        return false;
    }
    if (!open_simulation(options->simulate, plan, error)) {
        return blame(options, "simulate", error);
    }
    const TraceSession *session = simulation_session(plan->simulation);
    config->abi = simulation_abi(plan->simulation);
    config->caps = session->caps;
    config->scope_gpus = session->scoped;
    config->share_uvm = session->share_uvm;
    config->n_devices = session->n_devices;
    memcpy(plan->devices, session->devices, sizeof plan->devices);
    return !options->caps || nv_caps_parse(options->caps, &config->caps, error) ||
           blame(options, "caps", error);
}

char *instance_options_filter(const InstanceOptions *options, GError **error)
{
    g_autofree InstancePlan *plan = g_new0(InstancePlan, 1);
    char *text = NULL;

    if (options->simulate ? simulate(plan, options, error) : choose_abi(plan, options, error)) {
        g_autofree char *worker = worker_filter_text(
            plan->config.abi, plan->config.caps, plan->config.scope_gpus, plan->config.simulated);
        g_autofree char *broker = broker_filter_text();
        text = g_strconcat("worker:\n", worker, "broker:\n", broker, NULL);
    }
    instance_plan_clear(plan);
    return text;
}

bool instance_plan_make(InstancePlan *plan, const InstanceOptions *options,
                        const char *default_name, GError **error)
{
    InstanceConfig *config = &plan->config;
    InstanceOptions settled = *options;

    config->trace_fd = -1;
    config->record_fd = -1;
    config->simulation_fd = -1;
    config->devices = plan->devices;
    config->name = options->name ? options->name : default_name;
    if (!config->name) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                            "an instance needs a name (--name)");
        return false;
    }
    if (!instance_check_name(config->name, error) || !settle_numbers(&settled, error)) {
        return false;
    }
    if (!(options->simulate ? simulate(plan, options, error)
                            : find_devices(plan, options, error))) {
        return false;
    }
    if (options->uvm_sharing &&
        !parse_uvm_sharing(options->uvm_sharing, &config->share_uvm, error)) {
        return blame(options, "uvm-sharing", error);
    }
    if (!transport_kind_choose(options->transport ? options->transport : "auto", &config->transport,
                               error)) {
        return blame(options, "transport", error);
    }
    if (!guest_memory_kind_choose(options->guest_memory ? options->guest_memory : "auto",
                                  &config->guest_memory, error)) {
        return blame(options, "guest-memory", error);
    }
    if (options->on_worker_death &&
        !parse_worker_death(options->on_worker_death, &config->restart_worker, error)) {
        return blame(options, "on-worker-death", error);
    }
    if (config->restart_worker && options->record) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                            "a recording is of one worker: --record does not go with "
                            "--on-worker-death=restart");
        return blame(options, "record", error);
    }
    if (options->audit && !audit_check(options->audit, error)) {
        return blame(options, "audit", error);
    }
    if (options->textfile_dir && !check_directory(options->textfile_dir, error)) {
        return blame(options, "textfile-dir", error);
    }
    if (!open_trace(options->trace, &config->trace_fd, error)) {
        return blame(options, "trace", error);
    }
    if (options->record &&
        !open_output(options->record, "the recording", &config->record_fd, error)) {
        return blame(options, "record", error);
    }
    config->record_limit = (uint64_t)settled.record_limit * MEBIBYTE;
    config->threads = (unsigned)settled.threads;
    config->limits = (ProxyLimits){
        .files = (unsigned)settled.max_files,
        .objects = {(unsigned)settled.max_clients, (unsigned)settled.max_objects},
    };
    plan->audit = options->audit ? options->audit : "auto";
    plan->textfile_dir = options->textfile_dir;
    return true;
}

void instance_plan_clear(InstancePlan *plan)
{
    if (plan->config.trace_fd > 0) {
        close(plan->config.trace_fd);
    }
    if (plan->config.record_fd > 0) {
        close(plan->config.record_fd);
    }
    if (plan->config.simulation_fd > 0) {
        close(plan->config.simulation_fd);
    }
    g_clear_pointer(&plan->abi, driver_abi_free);
    g_clear_pointer(&plan->simulation, simulation_free);
}
