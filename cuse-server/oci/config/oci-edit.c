/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/config/oci-edit.h"

#include <string.h>

#include <gio/gio.h>

#include "cuse-server/base/json/json-text.h"
#include "cuse-server/oci/config/oci-annotations.h"
#include "cuse-server/oci/config/oci-devices.h"
#include "cuse-server/oci/config/oci-mounts.h"
#include "cuse-server/oci/hooks/hook-environment.h"
#include "cuse-server/oci/request/given-devices.h"
#include "cuse-server/oci/seccomp/oci-seccomp.h"

/* NVIDIA's hooks that put the driver's own nodes into a container. */
static const char *const foreign_hooks[] = {"nvidia-container-runtime-hook",
                                            "nvidia-container-toolkit", NULL};

/* --- what goes -------------------------------------------------------------------------------- */

static void remove_mounts(JsonValue *mounts, GPtrArray *notes)
{
    for (guint i = json_length(mounts); i-- > 0;) {
        JsonValue *mount = json_element_object(mounts, i);
        const char *to = json_member_string(mount, "destination");
        const char *why = oci_mount_bypass(json_member_string(mount, "source"), to);
        if (why) {
            g_ptr_array_add(
                notes, g_strdup_printf("removed the mount at %s: %s", to ? to : "no place", why));
            json_remove_element(mounts, i);
        }
    }
}

static bool is_foreign_hook(JsonValue *hook)
{
    const char *path = json_member_string(hook, "path");
    g_autofree char *name = path ? g_path_get_basename(path) : NULL;

    return oci_hook_cdi_name(hook) || (name && g_strv_contains(foreign_hooks, name));
}

static void remove_hooks(JsonValue *hooks)
{
    for (guint point = 0; point < json_length(hooks); point++) {
        JsonValue *list = json_element(hooks, point);
        for (guint i = json_length(list); i-- > 0;) {
            if (is_foreign_hook(json_element_object(list, i))) {
                json_remove_element(list, i);
            }
        }
    }
}

/* --- what comes ------------------------------------------------------------------------------- */

/* Add a hook of nvcuse's. @words: the words after OCI_HOOK_WORD */
static void add_hook(JsonValue *hooks, const char *point, const char *program,
                     const char *const *words)
{
    JsonValue *hook = json_new_object();
    JsonValue *args = json_new_array();

    json_append_string(args, "nvcuse-runtime");
    json_append_string(args, OCI_HOOK_WORD);
    for (; *words; words++) {
        json_append_string(args, *words);
    }
    json_set_string(hook, "path", program);
    json_set(hook, "args", args);
    hook_environment_close(hook);
    json_append(json_need_array(hooks, point), hook);
}

/* Refuse a user namespace. In it a hook is not the host's root, and may not attach what the
 * container needs. */
static bool check_namespaces(JsonValue *section, GError **error)
{
    JsonValue *namespaces = json_member_array(section, "namespaces");

    for (guint i = 0; i < json_length(namespaces); i++) {
        JsonValue *namespace = json_element_object(namespaces, i);
        if (namespace && g_strcmp0(json_member_string(namespace, "type"), "user") == 0) {
            g_set_error_literal(
                error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                "cannot give the container GPUs: nvcuse does not support containers with "
                "a user namespace yet; create it without one");
            return false;
        }
    }
    return true;
}

/* The absolute path of the root file system. If it does not exist, the runtime complains. */
static char *find_rootfs(JsonValue *config, const char *bundle)
{
    JsonValue *root = json_member_object(config, "root");
    const char *path = json_member_string(root, "path");

    return g_canonicalize_filename(path ? path : "rootfs", bundle);
}

bool oci_edit_apply(JsonValue *config, const OciEdit *edit, GError **error)
{
    JsonValue *section = json_need_object(config, "linux");
    JsonValue *hooks = json_need_object(config, "hooks");
    g_autoptr(HostNumbers) numbers = host_numbers_read(error);
    g_autofree char *pid = g_strdup_printf("%d", edit->pid);
    g_autofree char *rootfs = find_rootfs(config, edit->bundle);

    if (!numbers || !oci_annotations_check(config, error) || !check_namespaces(section, error) ||
        !oci_devices_close(numbers, section, edit->notes, error) ||
        !oci_seccomp_merge(section, edit->listener_path, &edit->needs, edit->wait_killable,
                           error)) {
        return false;
    }
    remove_mounts(json_member_array(config, "mounts"), edit->notes);
    remove_hooks(hooks);
    /* Close the environment of the engine's and NVIDIA's hooks as well. runc starts createContainer
     * hooks with the container's environment, and the engine may have them from an nvcuse
     * specification made before nvcuse wrote `env`. */
    hook_environment_close_all(json_member_array(hooks, "createContainer"));
    add_hook(hooks, "createContainer", edit->program,
             (const char *const[]){"view", edit->instance, edit->bundle, rootfs, NULL});
    add_hook(hooks, "poststop", edit->program,
             (const char *const[]){"stop", edit->instance, pid, NULL});
    return true;
}

/* --- CDI -------------------------------------------------------------------------------------- */

/* Add a CDI mount. It is like OCI's, but its members have other names. */
static void add_mount(JsonValue *mounts, JsonValue *edit)
{
    JsonValue *mount = json_new_object();
    JsonValue *options = json_member(edit, "options");
    const char *type = json_member_string(edit, "type");

    json_set_string(mount, "source", json_member_string(edit, "hostPath"));
    json_set_string(mount, "destination", json_member_string(edit, "containerPath"));
    json_set_string(mount, "type", type ? type : "bind");
    if (options) {
        json_set(mount, "options", json_copy(options));
    }
    json_append(mounts, mount);
}

static void add_edit_hook(JsonValue *hooks, JsonValue *edit)
{
    const char *point = json_member_string(edit, "hookName");
    JsonValue *hook = json_new_object();
    static const char *const members[] = {"path", "args", "env", "timeout"};

    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        JsonValue *value = json_member(edit, members[i]);
        if (value) {
            json_set(hook, members[i], json_copy(value));
        }
    }
    hook_environment_close(hook);
    json_append(json_need_array(hooks, point ? point : "createContainer"), hook);
}

static void add_edits(JsonValue *config, JsonValue *edits)
{
    JsonValue *mounts = json_member_array(edits, "mounts");
    JsonValue *hooks = json_member_array(edits, "hooks");
    JsonValue *env = json_member_array(edits, "env");
    JsonValue *own = json_need_array(json_need_object(config, "process"), "env");

    for (guint i = 0; i < json_length(mounts); i++) {
        JsonValue *mount = json_element_object(mounts, i);
        if (mount && json_member_string(mount, "hostPath") &&
            json_member_string(mount, "containerPath")) {
            add_mount(json_need_array(config, "mounts"), mount);
        }
    }
    for (guint i = 0; i < json_length(hooks); i++) {
        JsonValue *hook = json_element_object(hooks, i);
        if (hook && !oci_hook_cdi_name(hook)) {
            add_edit_hook(json_need_object(config, "hooks"), hook);
        }
    }
    for (guint i = 0; i < json_length(env); i++) {
        json_append(own, json_copy(json_element(env, i)));
    }
}

bool oci_edit_add_cdi(JsonValue *config, const char *path, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(JsonValue) spec = NULL;
    gsize length;

    if (!g_file_get_contents(path, &text, &length, error) ||
        !(spec = json_text_parse(text, (gssize)length, error))) {
        g_prefix_error(error, "CDI specification %s: ", path);
        return false;
    }
    JsonValue *edits = json_member_object(spec, "containerEdits");
    if (edits) {
        add_edits(config, edits);
    }
    return true;
}
