/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/hooks/cdi-spec.h"

#include <stdbool.h>
#include <string.h>

#include "cuse-server/base/json/json-value.h"
#include "cuse-server/inventory/host-gpus.h"
#include "cuse-server/oci/config/oci-mounts.h"
#include "cuse-server/oci/hooks/hook-environment.h"
#include "cuse-server/oci/request/given-devices.h"

/* The hooks of nvidia-ctk that deal with libraries. Its other hooks deal with device nodes, or do
 * what the instance's /proc does. */
static const char *const kept_hooks[] = {"create-symlinks", "update-ldcache", "enable-cuda-compat",
                                         NULL};

/* Say why a mount of NVIDIA's specification is left out; NULL if it is taken. Its libraries and programs are never below these
 * places. */
static const char *why_not_mount(JsonValue *mount)
{
    const char *from = json_member_string(mount, "hostPath");
    const char *to = json_member_string(mount, "containerPath");

    if (!from || !to) {
        return "expected hostPath and containerPath";
    }
    g_autofree char *place = g_canonicalize_filename(to, "/");
    if (g_str_has_prefix(place + strspn(place, "/"), "dev/")) {
        return "nvcuse puts its own device nodes there";
    }
    return oci_mount_bypass(from, to);
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

static const char *why_not_hook(JsonValue *hook)
{
    return is_kept_hook(hook) ? NULL : "it is not about libraries";
}

/* What a list's element is called in a note. */
static const char *name_of(JsonValue *element)
{
    JsonValue *args = json_member_array(element, "args");
    const char *path = json_member_string(element, "containerPath");

    if (path) {
        return path;
    }
    return json_length(args) > 1 ? json_element_string(args, 1)
                                 : json_member_string(element, "path");
}

/* List: a list of containerEdits, and which of its elements are taken over.
 * @why_not: says why an element is left out; NULL: all are taken
 * @of_devices: it is also taken from the edits of devices */
typedef struct {
    const char *member;
    const char *what;
    const char *(*why_not)(JsonValue *element);
    bool of_devices;
} List;

static const List lists[] = {
    {"env", "variable", NULL, false},
    {"mounts", "mount", why_not_mount, true},
    {"hooks", "hook", why_not_hook, true},
};

static bool contains(JsonValue *list, const JsonValue *element)
{
    for (guint i = 0; i < json_length(list); i++) {
        if (json_equal(json_element(list, i), element)) {
            return true;
        }
    }
    return false;
}

/* Copy the elements of one list that are wanted, and are not there yet. Note the others. */
static void take_list(JsonValue *to, JsonValue *from, const List *list, GPtrArray *notes)
{
    JsonValue *elements = json_member_array(from, list->member);

    for (guint i = 0; i < json_length(elements); i++) {
        JsonValue *element = json_element(elements, i);
        const char *why = list->why_not ? list->why_not(element) : NULL;
        if (why) {
            const char *name = name_of(element);
            g_ptr_array_add(notes, g_strdup_printf("left out the %s %s: %s", list->what,
                                                   name ? name : "without a name", why));
        } else if (!contains(json_member_array(to, list->member), element)) {
            json_append(json_need_array(to, list->member), json_copy(element));
        }
    }
}

/* Find the edits of a device. NULL if there is none of that name. */
static JsonValue *edits_of(JsonValue *devices, const char *name)
{
    for (guint i = 0; i < json_length(devices); i++) {
        JsonValue *device = json_element_object(devices, i);
        if (g_strcmp0(json_member_string(device, "name"), name) == 0) {
            return json_member_object(device, "containerEdits");
        }
    }
    return NULL;
}

/* Does every device have this element in its edits? */
static bool is_common(JsonValue *devices, const char *member, const JsonValue *element)
{
    for (guint i = 0; i < json_length(devices); i++) {
        JsonValue *edits = json_member_object(json_element_object(devices, i), "containerEdits");
        if (!contains(json_member_array(edits, member), element)) {
            return false;
        }
    }
    return true;
}

/* Take what the device "all" has or, if there is none, what every device has: it belongs to no single GPU. */
static void take_of_devices(JsonValue *to, JsonValue *devices, const List *list, GPtrArray *notes)
{
    JsonValue *all = edits_of(devices, "all");
    JsonValue *first = json_member_object(json_element_object(devices, 0), "containerEdits");
    JsonValue *elements = json_member_array(first, list->member);
    g_autoptr(JsonValue) common = json_new_object();

    if (all) {
        take_list(to, all, list, notes);
        return;
    }
    for (guint i = 0; i < json_length(elements); i++) {
        JsonValue *element = json_element(elements, i);
        if (is_common(devices, list->member, element)) {
            json_append(json_need_array(common, list->member), json_copy(element));
        }
    }
    take_list(to, common, list, notes);
}

/* Take over libraries, programs, variables and hooks of NVIDIA's specification. */
static void take_edits(JsonValue *spec, JsonValue *from, GPtrArray *notes)
{
    JsonValue *edits = json_member_object(from, "containerEdits");
    JsonValue *devices = json_member_array(from, "devices");
    g_autoptr(JsonValue) own = json_new_object();

    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        if (edits) {
            take_list(own, edits, &lists[i], notes);
        }
        if (lists[i].of_devices && json_length(devices) > 0) {
            take_of_devices(own, devices, &lists[i], notes);
        }
    }
    hook_environment_close_all(json_member_array(own, "hooks"));
    if (!json_member_array(own, "mounts")) {
        g_ptr_array_add(notes, g_strdup("took no library and no program: the file has none for "
                                        "all of its devices; expected NVIDIA's specification "
                                        "(nvidia-ctk cdi generate)"));
    }
    if (json_length(own) > 0) {
        json_set(spec, "containerEdits", json_ref(own));
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

JsonValue *cdi_spec_new(const char *program, JsonValue *from, GPtrArray *notes)
{
    g_autoptr(GArray) gpus = host_gpus_list();
    JsonValue *spec = json_new_object();

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
    if (gpus->len == 0) {
        g_ptr_array_add(notes, g_strdup("found no GPU: the specification has the device \"all\" "
                                        "alone; make it again when the driver is loaded"));
    }
    if (from) {
        take_edits(spec, from, notes);
    }
    json_set_string(spec, "cdiVersion", cdi_spec_version(spec));
    return spec;
}
