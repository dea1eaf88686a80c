/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/request/given-devices.h"

#include <stdint.h>
#include <string.h>

#include <gio/gio.h>

#include "abi/nv-ioctl.h"
#include "cuse-server/inventory/cdi-names.h"
#include "cuse-server/inventory/char-devices.h"
#include "cuse-server/inventory/gpu-lists.h"
#include "cuse-server/oci/config/device-rule.h"

/* NVIDIA's container toolkit: internal/config/image, deviceListAsVolumeMountsRoot and volumeMountDevicePrefixCDI. */
#define MOUNTS_ROOT "/run/nvidia-container-devices/"
#define MOUNTS_CDI  "cdi/"

/* The names of the driver's modules in /proc/devices. */
#define DRIVER_UVM  "nvidia-uvm"
#define DRIVER_CAPS "nvidia-caps"
#define DRIVER_IMEX "nvidia-caps-imex-channels"

static void append(GString *list, const char *item)
{
    g_string_append_printf(list, "%s%s", list->len ? "," : "", item);
}

static bool refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool refuse(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, text);
    return false;
}

/* --- nvcuse's CDI devices ---------------------------------------------------------------------- */

const char *oci_hook_cdi_name(JsonValue *hook)
{
    JsonValue *args = json_member_array(hook, "args");

    if (args && json_length(args) == 4 &&
        g_strcmp0(json_element_string(args, 1), OCI_HOOK_WORD) == 0 &&
        g_strcmp0(json_element_string(args, 2), OCI_HOOK_CDI) == 0) {
        return json_element_string(args, 3);
    }
    return NULL;
}

/* Append the names of nvcuse's CDI devices. Returns whether there is any. */
static bool add_hooks(JsonValue *config, GString *names)
{
    JsonValue *hooks = json_member_object(config, "hooks");
    JsonValue *list = json_member_array(hooks, "createContainer");
    bool any = false;

    for (guint i = 0; i < json_length(list); i++) {
        const char *name = oci_hook_cdi_name(json_element_object(list, i));
        if (name) {
            append(names, *name ? name : "(no name)"); /* which no GPU has */
            any = true;
        }
    }
    return any;
}

/* --- mounts ------------------------------------------------------------------------------------ */

/* The part of a mount's destination that names a device: "0", or "cdi/nvidia.com/gpu/0". NULL if the mount names none. */
static const char *device_of_mount(JsonValue *mount)
{
    const char *source = json_member_string(mount, "source");
    const char *path = json_member_string(mount, "destination");

    if (!path || g_strcmp0(source, "/dev/null") != 0) {
        return NULL;
    }
    path += g_str_has_prefix(path, "/var/") ? strlen("/var") : 0;
    return g_str_has_prefix(path, MOUNTS_ROOT) ? path + strlen(MOUNTS_ROOT) : NULL;
}

/* Turn "nvidia.com/gpu/0" into the name of a GPU. NULL if it is none; the caller frees it. */
static char *gpu_of_path(const char *path)
{
    g_autofree char *qualified = g_strdup(path);
    char *last = strrchr(qualified, '/');
    const char *name = NULL;

    if (last) {
        *last = '=';
    }
    return cdi_name_read(qualified, &name) == CDI_GPU ? g_strdup(name) : NULL;
}

static bool add_mount(const char *device, GString *names, GError **error)
{
    g_autofree char *name = g_str_has_prefix(device, MOUNTS_CDI)
                                ? gpu_of_path(device + strlen(MOUNTS_CDI))
                                : g_strdup(device);

    if (!name || !*name || strpbrk(name, ",/")) {
        return refuse(error,
                      "cannot give the container what the mount /var" MOUNTS_ROOT
                      "%s names: expected an index, a UUID, \"all\", or cdi/nvidia.com/gpu/NAME",
                      device);
    }
    append(names, name);
    return true;
}

/* Append the names of GPUs that are given by mounts. */
static bool add_mounts(JsonValue *config, GString *names, GError **error)
{
    JsonValue *mounts = json_member_array(config, "mounts");

    for (guint i = 0; i < json_length(mounts); i++) {
        const char *device = device_of_mount(json_element_object(mounts, i));
        if (device && !add_mount(device, names, error)) {
            return false;
        }
    }
    return true;
}

/* --- device nodes ------------------------------------------------------------------------------ */

/*
 * Nodes: what the device nodes of a container are.
 * @uvm, @caps, @imex: the majors of the driver's modules; -1: not loaded
 * @privileged: the container may use every device of the host
 * @any: a node of the driver is among them. Its control device alone is a request as well
 * @minors, @channels: the GPUs and IMEX channels
 */
typedef struct {
    int uvm;
    int caps;
    int imex;
    bool privileged;
    bool any;
    GString *minors;
    GString *channels;
} Nodes;

/* Check whether the container may open every device of the host: then engines give it all nodes of the host. */
static bool is_privileged(JsonValue *config)
{
    JsonValue *resources = json_member_object(json_member_object(config, "linux"), "resources");
    JsonValue *rules = json_member_array(resources, "devices");

    for (guint i = 0; i < json_length(rules); i++) {
        DeviceRule rule;
        if (device_rule_read(json_element_object(rules, i), i, &rule, NULL) && rule.allow &&
            rule.type == 'a' && (rule.access & ACCESS_OPEN) == ACCESS_OPEN) {
            return true;
        }
    }
    return false;
}

/* Append a number to a list. */
static void append_number(GString *list, uint64_t number)
{
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, number);

    append(list, text);
}

static bool add_node(Nodes *nodes, JsonValue *node, GError **error)
{
    const char *path = json_member_string(node, "path");
    uint64_t major_no;
    uint64_t minor_no;

    if (!node || !json_uint_get(json_member(node, "major"), &major_no) ||
        !json_uint_get(json_member(node, "minor"), &minor_no) || major_no > G_MAXINT) {
        return true;
    }
    const int major = (int)major_no;
    if (major == NV_MAJOR_DEVICE_NUMBER && minor_no <= NV_MINOR_DEVICE_NUMBER_REGULAR_MAX) {
        append_number(nodes->minors, minor_no);
    } else if (major == nodes->imex && !nodes->privileged) {
        append_number(nodes->channels, minor_no);
    } else if (major == nodes->caps && !nodes->privileged) {
        return refuse(error,
                      "cannot give the container the device node %s (c %d:%d): it is a capability "
                      "of NVIDIA's driver, as MIG devices have it, and nvcuse does not give MIG "
                      "devices to containers; ask for whole GPUs",
                      path ? path : "without a path", major, (int)minor_no);
    }
    nodes->any |= major == NV_MAJOR_DEVICE_NUMBER || major == nodes->uvm || major == nodes->imex ||
                  major == nodes->caps;
    return true;
}

/* Find the driver's nodes among the container's. They count by number: a path says nothing. */
static bool add_nodes(JsonValue *config, Nodes *nodes, GError **error)
{
    JsonValue *section = json_member_object(config, "linux");
    JsonValue *devices = json_member_array(section, "devices");

    if (json_length(devices) == 0) {
        return true;
    }
    nodes->uvm = char_device_major(DRIVER_UVM);
    nodes->caps = char_device_major(DRIVER_CAPS);
    nodes->imex = char_device_major(DRIVER_IMEX);
    nodes->privileged = is_privileged(config);
    for (guint i = 0; i < json_length(devices); i++) {
        if (!add_node(nodes, json_element_object(devices, i), error)) {
            return false;
        }
    }
    return true;
}

/* --- all of it --------------------------------------------------------------------------------- */

/* Look GPUs up by the names that hooks and mounts have. Returns "" without names, and NULL with @error. */
static char *find_named(const GString *names, GError **error)
{
    g_autofree char *minors = gpu_list_minors(names->str, error);

    if (minors && !*minors && names->len) {
        refuse(error, "the engine gives the container a device named '%s': expected a GPU",
               names->str);
        return NULL;
    }
    return g_steal_pointer(&minors);
}

/* Join the GPUs that are given by name and by node. */
static char *join(const char *named, const Nodes *nodes)
{
    if (g_str_equal(named, "all")) {
        return g_strdup("all");
    }
    if (*named && !g_str_equal(named, "none")) {
        return nodes->minors->len ? g_strconcat(named, ",", nodes->minors->str, NULL)
                                  : g_strdup(named);
    }
    if (nodes->minors->len) {
        return g_strdup(nodes->minors->str);
    }
    return *named || nodes->any ? g_strdup("none") : NULL;
}

bool given_devices_read(JsonValue *config, GivenDevices *given, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    g_autoptr(GString) minors = g_string_new(NULL);
    g_autoptr(GString) channels = g_string_new(NULL);
    Nodes nodes = {.minors = minors, .channels = channels};
    g_autofree char *named = NULL;

    *given = (GivenDevices){.by_cdi = add_hooks(config, names)};
    if (!add_mounts(config, names, error) || !add_nodes(config, &nodes, error) ||
        !(named = find_named(names, error))) {
        return false;
    }
    given->gpus = join(named, &nodes);
    given->imex_channels = channels->len ? g_strdup(channels->str) : NULL;
    return true;
}

void given_devices_clear(GivenDevices *given)
{
    g_clear_pointer(&given->gpus, g_free);
    g_clear_pointer(&given->imex_channels, g_free);
}
