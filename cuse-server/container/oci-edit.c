/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/container/oci-edit.h"

#include <string.h>

#include <gio/gio.h>

#include "cuse-server/broker/char-devices.h"
#include "cuse-server/container/json-file.h"
#include "cuse-server/container/oci-request.h"
#include "cuse-server/container/oci-seccomp.h"

enum { DRM_MAJOR = 226 }; /* Documentation/admin-guide/devices.txt */

/* Hooks of NVIDIA's that put the driver's own nodes into a container. */
static const char *const foreign_hooks[] = {"nvidia-container-runtime-hook",
                                            "nvidia-container-toolkit", NULL};

/* --- what goes -------------------------------------------------------------------------------- */

/* Does this driver of the kernel's belong to NVIDIA's driver, or to us? */
static bool is_denied_driver(const char *name)
{
    return g_str_has_prefix(name, "nvidia") || g_str_has_prefix(name, "nvcuse!");
}

/* A DRM node of nvidia-drm is one more way to the driver. */
static bool is_nvidia_drm(uint64_t minor_no)
{
    g_autofree char *path = g_strdup_printf("/sys/dev/char/%d:%" G_GUINT64_FORMAT "/device/driver",
                                            DRM_MAJOR, (guint64)minor_no);
    g_autofree char *target = g_file_read_link(path, NULL);
    g_autofree char *name = target ? g_path_get_basename(target) : NULL;

    return g_strcmp0(name, "nvidia") == 0;
}

static bool is_denied_number(const GArray *drivers, uint64_t major_no, uint64_t minor_no)
{
    for (guint i = 0; i < drivers->len; i++) {
        const CharDevice *driver = &g_array_index(drivers, CharDevice, i);
        if (driver->major_no == major_no && is_denied_driver(driver->name)) {
            return true;
        }
    }
    return major_no == DRM_MAJOR && is_nvidia_drm(minor_no);
}

/* Of a list of nodes or of rules about them: those with the driver's numbers. */
static void remove_denied(JsonArray *list, const GArray *drivers)
{
    for (guint i = list ? json_array_get_length(list) : 0; i-- > 0;) {
        JsonObject *device = json_element_object(list, i);
        uint64_t major_no;
        uint64_t minor_no = UINT64_MAX;
        if (device && json_uint_get(json_object_get_member(device, "major"), &major_no)) {
            (void)json_uint_get(json_object_get_member(device, "minor"), &minor_no);
            if (is_denied_number(drivers, major_no, minor_no)) {
                json_array_remove_element(list, i);
            }
        }
    }
}

static bool is_node_path(const char *path)
{
    return path && (g_str_has_prefix(path, "/dev/nvidia") ||
                    g_str_has_prefix(path, "/dev/nvcuse") || g_str_equal(path, "/dev/cuse"));
}

static bool is_view_path(const char *path)
{
    return path && g_str_has_prefix(path, "/proc/driver/nvidia");
}

static void remove_mounts(JsonArray *mounts)
{
    for (guint i = mounts ? json_array_get_length(mounts) : 0; i-- > 0;) {
        JsonObject *mount = json_element_object(mounts, i);
        if (mount && (is_node_path(json_member_string(mount, "source")) ||
                      is_node_path(json_member_string(mount, "destination")) ||
                      is_view_path(json_member_string(mount, "destination")))) {
            json_array_remove_element(mounts, i);
        }
    }
}

static bool is_foreign_hook(JsonObject *hook)
{
    const char *path = hook ? json_member_string(hook, "path") : NULL;
    g_autofree char *name = path ? g_path_get_basename(path) : NULL;

    return oci_hook_cdi_name(hook) || (name && g_strv_contains(foreign_hooks, name));
}

static void remove_hooks(JsonObject *hooks)
{
    g_autoptr(GList) points = json_object_get_members(hooks);

    for (const GList *point = points; point; point = point->next) {
        JsonArray *list = json_member_array(hooks, point->data);
        for (guint i = list ? json_array_get_length(list) : 0; i-- > 0;) {
            if (is_foreign_hook(json_element_object(list, i))) {
                json_array_remove_element(list, i);
            }
        }
    }
}

/* --- what comes ------------------------------------------------------------------------------- */

/*
 * Reading and writing alone: the runtimes' own rules let containers make any node ("m"), which runc
 * does not let us take back for some, and a node that cannot be opened is no harm.
 */
static void add_denials(JsonArray *rules, const GArray *drivers)
{
    g_autoptr(GHashTable) done = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < drivers->len; i++) {
        const CharDevice *driver = &g_array_index(drivers, CharDevice, i);
        if (is_denied_driver(driver->name) &&
            g_hash_table_add(done, GUINT_TO_POINTER(driver->major_no))) {
            JsonObject *rule = json_object_new();
            json_object_set_boolean_member(rule, "allow", FALSE);
            json_object_set_string_member(rule, "type", "c");
            json_object_set_int_member(rule, "major", driver->major_no);
            json_object_set_string_member(rule, "access", "rw");
            json_array_add_object_element(rules, rule);
        }
    }
}

/* @words: after OCI_HOOK_WORD */
static void add_hook(JsonObject *hooks, const char *point, const char *program,
                     const char *const *words)
{
    JsonObject *hook = json_object_new();
    JsonArray *args = json_array_new();

    json_array_add_string_element(args, "nvcuse-runtime");
    json_array_add_string_element(args, OCI_HOOK_WORD);
    for (; *words; words++) {
        json_array_add_string_element(args, *words);
    }
    json_object_set_string_member(hook, "path", program);
    json_object_set_array_member(hook, "args", args);
    json_array_add_object_element(json_need_array(hooks, point), hook);
}

/* In a user namespace a hook is not the host's root, and may not attach what the container needs. */
static bool check_namespaces(JsonObject *section, GError **error)
{
    JsonArray *namespaces = json_member_array(section, "namespaces");

    for (guint i = 0; namespaces && i < json_array_get_length(namespaces); i++) {
        JsonObject *namespace = json_element_object(namespaces, i);
        if (namespace && g_strcmp0(json_member_string(namespace, "type"), "user") == 0) {
            g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                                "a container with a user namespace cannot have GPUs through nvcuse "
                                "yet");
            return false;
        }
    }
    return true;
}

/* Absolute; the runtime complains if there is none. */
static char *find_rootfs(JsonObject *config, const char *bundle)
{
    JsonObject *root = json_member_object(config, "root");
    const char *path = root ? json_member_string(root, "path") : NULL;

    return g_canonicalize_filename(path ? path : "rootfs", bundle);
}

bool oci_edit_apply(JsonObject *config, const OciEdit *edit, GError **error)
{
    JsonObject *section = json_need_object(config, "linux");
    JsonObject *hooks = json_need_object(config, "hooks");
    g_autoptr(GArray) drivers = char_devices_read(error);
    g_autofree char *pid = g_strdup_printf("%d", edit->pid);
    g_autofree char *rootfs = find_rootfs(config, edit->bundle);

    if (!drivers || !check_namespaces(section, error) ||
        !oci_seccomp_merge(section, edit->listener_path, &edit->needs, error)) {
        return false;
    }
    JsonArray *rules = json_need_array(json_need_object(section, "resources"), "devices");
    remove_denied(json_member_array(section, "devices"), drivers);
    remove_denied(rules, drivers);
    add_denials(rules, drivers);
    remove_mounts(json_member_array(config, "mounts"));
    remove_hooks(hooks);
    add_hook(hooks, "createContainer", edit->program,
             (const char *const[]){"view", edit->instance, edit->bundle, rootfs, NULL});
    add_hook(hooks, "poststop", edit->program,
             (const char *const[]){"stop", edit->instance, pid, NULL});
    return true;
}

/* --- CDI -------------------------------------------------------------------------------------- */

/* A CDI mount is OCI's with other names. */
static void add_mount(JsonArray *mounts, JsonObject *edit)
{
    JsonObject *mount = json_object_new();
    JsonNode *options = json_object_get_member(edit, "options");
    const char *type = json_member_string(edit, "type");

    json_object_set_string_member(mount, "source", json_member_string(edit, "hostPath"));
    json_object_set_string_member(mount, "destination", json_member_string(edit, "containerPath"));
    json_object_set_string_member(mount, "type", type ? type : "bind");
    if (options) {
        json_object_set_member(mount, "options", json_node_copy(options));
    }
    json_array_add_object_element(mounts, mount);
}

static void add_edit_hook(JsonObject *hooks, JsonObject *edit)
{
    const char *point = json_member_string(edit, "hookName");
    JsonObject *hook = json_object_new();
    static const char *const members[] = {"path", "args", "env", "timeout"};

    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        JsonNode *value = json_object_get_member(edit, members[i]);
        if (value) {
            json_object_set_member(hook, members[i], json_node_copy(value));
        }
    }
    json_array_add_object_element(json_need_array(hooks, point ? point : "createContainer"), hook);
}

static void add_edits(JsonObject *config, JsonObject *edits)
{
    JsonArray *mounts = json_member_array(edits, "mounts");
    JsonArray *hooks = json_member_array(edits, "hooks");
    JsonArray *env = json_member_array(edits, "env");
    JsonArray *own = json_need_array(json_need_object(config, "process"), "env");

    for (guint i = 0; mounts && i < json_array_get_length(mounts); i++) {
        JsonObject *mount = json_element_object(mounts, i);
        if (mount && json_member_string(mount, "hostPath") &&
            json_member_string(mount, "containerPath")) {
            add_mount(json_need_array(config, "mounts"), mount);
        }
    }
    for (guint i = 0; hooks && i < json_array_get_length(hooks); i++) {
        JsonObject *hook = json_element_object(hooks, i);
        if (hook && !oci_hook_cdi_name(hook)) {
            add_edit_hook(json_need_object(config, "hooks"), hook);
        }
    }
    for (guint i = 0; env && i < json_array_get_length(env); i++) {
        json_array_add_element(own, json_node_copy(json_array_get_element(env, i)));
    }
}

bool oci_edit_add_cdi(JsonObject *config, const char *path, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(JsonObject) spec = NULL;

    if (!g_file_get_contents(path, &text, NULL, error) || !(spec = json_text_parse(text, error))) {
        g_prefix_error(error, "CDI specification %s: ", path);
        return false;
    }
    JsonObject *edits = json_member_object(spec, "containerEdits");
    if (edits) {
        add_edits(config, edits);
    }
    return true;
}
