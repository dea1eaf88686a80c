/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/options/instance-options.h"

#include <string.h>

#include <gio/gio.h>

#include "cuse-server/base/choice.h"
#include "cuse-server/base/config-file.h"
#include "cuse-server/inventory/capability-devices.h"
#include "cuse-server/inventory/gpu-lists.h"
#include "cuse-server/observe/audit.h"
#include "cuse-server/wire/quota/quota-text.h"

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
    const char
        *now; /* the option's present name, if this is an old one; then --help does not list it */
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

/* Read one of two words. @second: set to whether it is the second one */
static bool parse_either(const char *text, const char *first, const char *other, bool *second,
                         GError **error)
{
    const char *const words[] = {first, other, NULL};
    unsigned index;
    bool found = choice_parse(text, words, &index, error);

    *second = index == 1;
    return found;
}

bool uvm_sharing_parse(const char *text, bool *shared, GError **error)
{
    return parse_either(text, "process", "multi-process", shared, error);
}

static bool check_uvm_sharing(const char *text, GError **error)
{
    bool shared;

    return uvm_sharing_parse(text, &shared, error);
}

bool opens_parse(const char *text, bool *all, GError **error)
{
    return parse_either(text, "usual", "all", all, error);
}

static bool check_opens(const char *text, GError **error)
{
    bool all;

    return opens_parse(text, &all, error);
}

bool worker_death_parse(const char *text, WorkerDeath *death, GError **error)
{
    static const char *const words[] = {
        [WORKER_DEATH_END] = "end", [WORKER_DEATH_RESTART] = "restart", NULL};
    unsigned index;
    bool found = choice_parse(text, words, &index, error);

    *death = (WorkerDeath)index;
    return found;
}

static bool check_worker_death(const char *text, GError **error)
{
    WorkerDeath death;

    return worker_death_parse(text, &death, error);
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
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "'%s': expected an absolute path",
                text);
    return false;
}

/* The place of a member in InstanceOptions. They do not compile for a member of another type. */
#define PLACE(member) &((InstanceOptions *)NULL)->member
#define TEXT(member) \
    (offsetof(InstanceOptions, member) + 0 * sizeof(_Generic(PLACE(member), char ** : 0)))
#define NUMBER(member) \
    (offsetof(InstanceOptions, member) + 0 * sizeof(_Generic(PLACE(member), InstanceNumber * : 0)))
static const InstanceOption instance_options[] = {
    {"name", OPTION_TEXT, TEXT(name), .check = instance_check_name, .placeholder = "NAME",
     .help = "name of the instance and of its devices, /dev/nvcuse/NAME/*"},
    {"gpus", OPTION_TEXT, TEXT(gpus), .check = gpu_list_check, .placeholder = "LIST",
     .help = "GPUs to offer: all (the default), none, or like 0,1 by index or UUID"},
    {"caps", OPTION_TEXT, TEXT(caps), .check = check_caps, .placeholder = "LIST",
     .help = "driver capabilities to open (default: compute,utility)"},
    {"mig", OPTION_TEXT, TEXT(mig), .check = mig_check, .placeholder = "LIST",
     .help = "MIG capability nodes to offer: config, monitor (default: none)"},
    {"imex-channels", OPTION_TEXT, TEXT(imex_channels), .check = imex_channels_check,
     .placeholder = "LIST", .help = "IMEX channels to offer, like 0,1 (default: none)"},
    {"uvm-sharing", OPTION_TEXT, TEXT(uvm_sharing), .check = check_uvm_sharing,
     .placeholder = "MODE", .help = "whose UVM files are: process (the default) or multi-process"},
    {"opens", OPTION_TEXT, TEXT(opens), .check = check_opens, .placeholder = "WHICH",
     .help = "opens that work for the nodes: usual (the default), or all, also read-only ones"},
    {"gpu-memory", OPTION_TEXT, TEXT(gpu_memory), .check = gpu_list_check_limits,
     .placeholder = "LIST", .help = "limit GPU memory: 20G for each GPU, or like 0=20G,1=max"},
    {"pinned-memory", OPTION_TEXT, TEXT(pinned_memory), .check = quota_size_check,
     .placeholder = "SIZE", .help = "limit the host's memory that the driver allocates, like 8G"},
    {"managed-memory", OPTION_TEXT, TEXT(managed_memory), .check = managed_memory_check,
     .placeholder = "WHAT",
     .help = "managed memory: free (the default): beside the limits; or refuse it"},
    {"gpu-share", OPTION_NUMBER, NUMBER(gpu_share), .max = QUOTA_SHARE_MAX, .placeholder = "WEIGHT",
     .help = "share a GPU's time by weights; 100 is one (default: time slices as programs ask)"},
    {"gpu-cap", OPTION_NUMBER, NUMBER(gpu_cap), .max = QUOTA_CAP_MAX, .placeholder = "PERCENT",
     .help = "let programs run on GPUs in so much of the time (default: all of it)"},
    {"transport", OPTION_TEXT, TEXT(transport), .check = transport_kind_check,
     .placeholder = "WHICH",
     .help =
         "how calls reach nvcuse: cuse, notify, or auto (the default): cuse where the kernel has "
         "it"},
    {"guest-memory", OPTION_TEXT, TEXT(guest_memory), .check = guest_memory_kind_check,
     .placeholder = "WAY",
     .help = "how cuse reaches programs' memory: direct, retry, or auto (the default): direct"},
    {"on-worker-death", OPTION_TEXT, TEXT(on_worker_death), .check = check_worker_death,
     .placeholder = "WHAT", .help = "end (the default), or restart: have another worker serve"},
    {"call-log", OPTION_PATH, TEXT(call_log), .placeholder = "FILE",
     .help = "write the table of calls to FILE; '-' is standard error"},
    {"trace", OPTION_PATH, TEXT(trace), .placeholder = "FILE", .help = "old name of --call-log",
     .now = "call-log"},
    {"record", OPTION_PATH, TEXT(record), .placeholder = "FILE",
     .help = "record every call, with what went in and out, to FILE (nvcuse-trace(5))"},
    {"record-limit", OPTION_NUMBER, NUMBER(record_limit), .initial = 1024, .max = 1 << 20,
     .placeholder = "MIB", .help = "stop recording at so many MiB (default: 1024)"},
    {"simulate", OPTION_PATH, TEXT(simulate), .placeholder = "FILE",
     .help = "no driver, no GPU: answer from a recording, on the devices that it is of"},
    {"threads", OPTION_NUMBER, NUMBER(threads), .initial = 64, .max = 1024, .placeholder = "N",
     .help = "most calls in progress at once (default: 64)"},
    {"max-files", OPTION_NUMBER, NUMBER(max_files), .initial = PROXY_FILES_DEFAULT, .max = 1 << 20,
     .placeholder = "N", .help = "most files in the driver, open or mapped (default: 16384)"},
    {"max-clients", OPTION_NUMBER, NUMBER(max_clients), .initial = PROXY_CLIENTS_DEFAULT,
     .max = 1 << 20, .placeholder = "N", .help = "most clients in the driver (default: 8192)"},
    {"max-objects", OPTION_NUMBER, NUMBER(max_objects), .initial = PROXY_OBJECTS_DEFAULT,
     .max = 1 << 24, .placeholder = "N", .help = "most objects in the driver (default: 262144)"},
    {"audit", OPTION_PATH, TEXT(audit), .check = audit_check, .placeholder = "WHERE",
     .help = "where audit events go: journal, none, a FILE, '-', or auto (default)"},
    {"textfile-dir", OPTION_PATH, TEXT(textfile_dir), .check = check_directory,
     .placeholder = "DIRECTORY", .help = "write metrics to DIRECTORY/nvcuse-NAME.prom"},
    {"driver", OPTION_TEXT, TEXT(driver.driver), .check = check_driver},
    {"driver-policy", OPTION_TEXT, TEXT(driver.policy), .check = check_policy},
};
#undef TEXT
#undef NUMBER
#undef PLACE
G_STATIC_ASSERT(G_N_ELEMENTS(instance_options) <= INSTANCE_OPTIONS_MAX);

/* Find an option by its name, which the table has. */
static size_t find_option(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(instance_options); i++) {
        if (g_str_equal(instance_options[i].name, name)) {
            return i;
        }
    }
    g_assert_not_reached();
}

static InstanceNumber *number_of(InstanceOptions *options, const InstanceOption *option)
{
    return (InstanceNumber *)((char *)options + option->value);
}

/* The text of any option, as it was given. */
static char **text_of(InstanceOptions *options, const InstanceOption *option)
{
    return option->kind == OPTION_NUMBER ? &number_of(options, option)->text
                                         : (char **)((char *)options + option->value);
}

void instance_options_add(InstanceOptions *options, GOptionContext *context)
{
    static const GOptionArg args[] = {
        [OPTION_TEXT] = G_OPTION_ARG_STRING,
        [OPTION_PATH] = G_OPTION_ARG_FILENAME,
        [OPTION_NUMBER] = G_OPTION_ARG_STRING,
    };
    GOptionEntry entries[G_N_ELEMENTS(instance_options) + 1] = {{0}};
    size_t n = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(instance_options); i++) {
        const InstanceOption *option = &instance_options[i];
        if (option->help) {
            entries[n++] = (GOptionEntry){
                .long_name = option->name,
                .short_name = g_str_equal(option->name, "name") ? 'n' : '\0',
                .flags = option->now ? G_OPTION_FLAG_HIDDEN : 0,
                .arg = args[option->kind],
                .arg_data = text_of(options, option),
                .description = option->help,
                .arg_description = option->placeholder,
            };
        }
    }
    g_option_context_add_main_entries(context, entries, NULL);
    driver_options_add(&options->driver, context);
}

/* @place: the file and line, or ""; @dashes: "--" on the command line, "" in a file */
static void tell_old_name(const InstanceOption *option, const char *place, const char *dashes)
{
    g_printerr("nvcuse: %s%s%s is now called %s%s: rename it; the old name still works\n", place,
               dashes, option->name, dashes, option->now);
}

/* Move values of the command line from options with an old name to those with the present one, which win if both are given. Do this
 * before a file is loaded, over which the command line wins. */
static void take_old_names(InstanceOptions *options)
{
    for (size_t i = 0; i < G_N_ELEMENTS(instance_options); i++) {
        const InstanceOption *option = &instance_options[i];
        if (!option->now || !*text_of(options, option)) {
            continue;
        }
        char **target = text_of(options, &instance_options[find_option(option->now)]);
        tell_old_name(option, "", "--");
        if (!*target) {
            *target = g_steal_pointer(text_of(options, option));
        }
        g_clear_pointer(text_of(options, option), g_free);
    }
}

/* Check a value, and set a number's. */
static bool check_value(InstanceOptions *options, const InstanceOption *option, const char *text,
                        GError **error)
{
    guint64 number;

    if (option->kind != OPTION_NUMBER) {
        return !option->check || option->check(text, error);
    }
    if (g_ascii_string_to_unsigned(text, 10, 1, (guint64)option->max, &number, NULL)) {
        number_of(options, option)->value = (int)number;
        return true;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "'%s': expected a number from 1 to %d", text, option->max);
    return false;
}

/* Check a value from a file, and take it if the command line did not have the option. */
static bool take_value(InstanceOptions *options, size_t index, const char *text, const char *origin,
                       GError **error)
{
    const InstanceOption *option = &instance_options[index];

    if (option->now) {
        g_autofree char *place = g_strconcat(origin, ": ", NULL);
        tell_old_name(option, place, "");
        return take_value(options, find_option(option->now), text, origin, error);
    }
    if (!check_value(options, option, text, error)) {
        return false;
    }
    if (!*text_of(options, option)) {
        *text_of(options, option) = g_strdup(text);
        options->origins[index] = g_strdup(origin);
    }
    return true;
}

bool instance_options_load(InstanceOptions *options, const char *path, GError **error)
{
    const char *keys[G_N_ELEMENTS(instance_options) + 1] = {NULL};

    take_old_names(options);
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
        g_clear_pointer(text_of(options, &instance_options[i]), g_free);
        g_clear_pointer(&options->origins[i], g_free);
    }
}

bool instance_options_blame(const InstanceOptions *options, const char *name, GError **error)
{
    const char *origin = options->origins[find_option(name)];

    if (origin) {
        g_prefix_error(error, "%s: %s: ", origin, name);
    } else {
        g_prefix_error(error, "--%s: ", name);
    }
    return false;
}

bool instance_options_check(InstanceOptions *options, GError **error)
{
    take_old_names(options);
    for (size_t i = 0; i < G_N_ELEMENTS(instance_options); i++) {
        const InstanceOption *option = &instance_options[i];
        const char *text = *text_of(options, option);
        if (text && !check_value(options, option, text, error)) {
            return instance_options_blame(options, option->name, error);
        }
        if (!text && option->kind == OPTION_NUMBER) {
            number_of(options, option)->value = option->initial;
        }
    }
    return true;
}
