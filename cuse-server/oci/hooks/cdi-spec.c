/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/hooks/cdi-spec.h"

#include <stdbool.h>
#include <string.h>

#include "cuse-server/base/json/json-value.h"
#include "cuse-server/inventory/host-gpus.h"
#include "cuse-server/oci/request/given-devices.h"
#include "cuse-server/oci/hooks/hook-environment.h"

/* The hooks of nvidia-ctk that deal with libraries. Its other hooks deal with device nodes, or do
 * what the instance's /proc does. */
static const char *const kept_hooks[] = {"create-symlinks", "update-ldcache", "enable-cuda-compat",
                                         NULL};

/* The places whose mounts would lead around nvcuse: device nodes, the driver's files, sockets of
 * the host's services. */
static const char *const dropped_places[] = {"/dev/", "/proc/", "/run/", "/var/run/",
                                             "/tmp/nvidia-mps"};

static bool is_dropped_mount(JsonValue *mount)
{
    const char *paths[] = {json_member_string(mount, "hostPath"),
                           json_member_string(mount, "containerPath")};

    for (size_t p = 0; p < G_N_ELEMENTS(paths); p++) {
        for (size_t i = 0; i < G_N_ELEMENTS(dropped_places); i++) {
            if (!paths[p] || g_str_has_prefix(paths[p], dropped_places[i])) {
                return true;
            }
        }
    }
    return false;
}

static bool is_kept_hook(JsonValue *hook)
{
    JsonValue *args = json_member_array(hook, "args");

    for (guint i = 0; i < json_length(args); i++) {
        const char *word = json_element_string(args, i);
        if (word && g_strv_contains(kept_hooks, word)) {
            return true;
        }
    }
    return false;
}

/* Copy the wanted elements of a list: those for which is_wanted() returns @wanted, or all of them
 * without is_wanted(). */
static void take_list(JsonValue *to, JsonValue *from, const char *member,
                      bool (*is_wanted)(JsonValue *element), bool wanted)
{
    JsonValue *list = json_member_array(from, member);

    for (guint i = 0; i < json_length(list); i++) {
        JsonValue *element = json_element_object(list, i);
        if (!is_wanted || (element && is_wanted(element) == wanted)) {
            json_append(json_need_array(to, member), json_copy(json_element(list, i)));
        }
    }
}

static void add_device(JsonValue *devices, const char *program, const char *name)
{
    const char *const words[] = {"nvcuse-runtime", OCI_HOOK_WORD, OCI_HOOK_CDI, name};
    JsonValue *device = json_new_object();
    JsonValue *hook = json_new_object();
    JsonValue *args = json_need_array(hook, "args");

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        json_append_string(args, words[i]);
    }
    json_set_string(hook, "hookName", "createContainer");
    json_set_string(hook, "path", program);
    hook_environment_close(hook);
    json_append(json_need_array(json_need_object(device, "containerEdits"), "hooks"), hook);
    json_set_string(device, "name", name);
    json_append(devices, device);
}

static bool has_typed_mount(JsonValue *spec)
{
    JsonValue *edits = json_member_object(spec, "containerEdits");
    JsonValue *mounts = json_member_array(edits, "mounts");

    for (guint i = 0; i < json_length(mounts); i++) {
        if (json_member(json_element_object(mounts, i), "type")) {
            return true;
        }
    }
    return false;
}

static bool has_numbered_device(JsonValue *spec)
{
    JsonValue *devices = json_member_array(spec, "devices");

    for (guint i = 0; i < json_length(devices); i++) {
        const char *name = json_member_string(json_element_object(devices, i), "name");
        if (name && g_ascii_isdigit(name[0])) {
            return true;
        }
    }
    return false;
}

/* The specification's list of releases says: mounts have a type since 0.4.0; names may begin with a
 * digit since 0.5.0. */
const char *cdi_spec_version(JsonValue *spec)
{
    if (has_numbered_device(spec)) {
        return "0.5.0";
    }
    return has_typed_mount(spec) ? "0.4.0" : "0.3.0";
}

JsonValue *cdi_spec_new(const char *program, JsonValue *from)
{
    g_autoptr(GArray) gpus = host_gpus_list();
    JsonValue *spec = json_new_object();
    JsonValue *edits = json_member_object(from, "containerEdits");

    json_set_string(spec, "cdiVersion", "");
    json_set_string(spec, "kind", CDI_KIND);
    JsonValue *devices = json_need_array(spec, "devices");
    for (guint i = 0; i < gpus->len; i++) {
        const char *uuid = g_array_index(gpus, HostGpu, i).uuid;
        g_autofree char *name = g_strdup_printf("%u", i);
        add_device(devices, program, name);
        if (*uuid) {
            add_device(devices, program, uuid);
        }
    }
    add_device(devices, program, "all");
    if (edits) {
        JsonValue *own = json_need_object(spec, "containerEdits");
        take_list(own, edits, "env", NULL, true);
        take_list(own, edits, "mounts", is_dropped_mount, false);
        take_list(own, edits, "hooks", is_kept_hook, true);
        hook_environment_close_all(json_member_array(own, "hooks"));
    }
    json_set_string(spec, "cdiVersion", cdi_spec_version(spec));
    return spec;
}
