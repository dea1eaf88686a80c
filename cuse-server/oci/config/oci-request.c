/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/config/oci-request.h"

#include <string.h>

#include <gio/gio.h>

#include "abi/nv-ioctl.h"
#include "cuse-server/base/json/json-value.h"
#include "cuse-server/inventory/host-gpus.h"
#include "cuse-server/oci/config/oci-quota.h"

/* The last variable of a name counts, as it does for most programs after execve(2). */
const char *oci_request_variable(JsonValue *config, const char *name)
{
    JsonValue *process = json_member_object(config, "process");
    JsonValue *env = json_member_array(process, "env");
    g_autofree char *prefix = g_strconcat(name, "=", NULL);
    const char *value = NULL;

    for (guint i = 0; i < json_length(env); i++) {
        const char *text = json_element_string(env, i);
        if (text && g_str_has_prefix(text, prefix)) {
            value = text + strlen(prefix);
        }
    }
    return value;
}

const char *oci_request_annotation(JsonValue *config, const char *name)
{
    JsonValue *annotations = json_member_object(config, "annotations");

    return json_member_string(annotations, name);
}

/* Check whether a variable has a value. An image that takes a variable back from the image below it leaves it empty. */
static bool has_value(JsonValue *config, const char *name)
{
    const char *value = oci_request_variable(config, name);

    return value && *value;
}

/* Is the image older than NVIDIA's variables? At that time an image that brought CUDA got every
 * GPU. */
static bool is_legacy_image(JsonValue *config)
{
    return has_value(config, "CUDA_VERSION") && !has_value(config, "NVIDIA_REQUIRE_CUDA");
}

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

static void add_name(GString *names, const char *name)
{
    if (g_str_equal(name, "all") || g_str_equal(names->str, "all")) {
        g_string_assign(names, "all");
    } else {
        g_string_append_printf(names, "%s%s", names->len ? "," : "", name);
    }
}

/* Find nvcuse's CDI devices by their hooks, and append their names. */
static bool add_cdi(JsonValue *config, GString *names)
{
    JsonValue *hooks = json_member_object(config, "hooks");
    JsonValue *list = json_member_array(hooks, "createContainer");
    bool any = false;

    for (guint i = 0; i < json_length(list); i++) {
        const char *name = oci_hook_cdi_name(json_element_object(list, i));
        if (name) {
            add_name(names, name);
            any = true;
        }
    }
    return any;
}

/* Append the minors of NVIDIA's GPU nodes. Returns whether there is any NVIDIA node: the control
 * device alone is a request as well. */
static bool add_nodes(JsonValue *config, GString *minors)
{
    JsonValue *section = json_member_object(config, "linux");
    JsonValue *devices = json_member_array(section, "devices");
    bool any = false;

    for (guint i = 0; i < json_length(devices); i++) {
        JsonValue *device = json_element_object(devices, i);
        uint64_t major_no;
        uint64_t minor_no;
        if (!device || !json_uint_get(json_member(device, "major"), &major_no) ||
            !json_uint_get(json_member(device, "minor"), &minor_no) ||
            major_no != NV_MAJOR_DEVICE_NUMBER) {
            continue;
        }
        any = true;
        if (minor_no <= NV_MINOR_DEVICE_NUMBER_REGULAR_MAX) {
            g_string_append_printf(minors, "%s%" G_GUINT64_FORMAT, minors->len ? "," : "",
                                   minor_no);
        }
    }
    return any;
}

/* Read what was given explicitly. Returns false with @error. *gpus stays NULL if nothing was
 * given. */
static bool read_explicit(JsonValue *config, char **gpus, bool *by_cdi, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    g_autoptr(GString) minors = g_string_new(NULL);
    g_autofree char *of_cdi = NULL;
    bool nodes = add_nodes(config, minors);

    *by_cdi = add_cdi(config, names);
    if (*by_cdi) {
        of_cdi = host_gpus_minors(names->str, error);
        if (!of_cdi) {
            return false;
        }
        if (!*of_cdi) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                        "a hook of nvcuse's names no GPU: '%s': expected the name of a CDI device",
                        names->str);
            return false;
        }
    }
    if (g_strcmp0(of_cdi, "all") == 0) {
        *gpus = g_strdup("all");
    } else if (of_cdi && !g_str_equal(of_cdi, "none")) {
        *gpus = minors->len ? g_strconcat(of_cdi, ",", minors->str, NULL) : g_strdup(of_cdi);
    } else if (of_cdi || nodes) {
        *gpus = g_strdup(minors->len ? minors->str : "none");
    }
    return true;
}

/* Read a list in the form of NVIDIA_VISIBLE_DEVICES: no request, or names to look up. */
static bool read_names(const char *names, char **gpus, GError **error)
{
    g_autofree char *minors = names ? host_gpus_minors(names, error) : NULL;

    if (minors && *minors) {
        *gpus = g_steal_pointer(&minors);
    }
    return !names || *gpus || minors;
}

/* Find the capabilities before annotations narrow them. */
static bool give_caps(JsonValue *config, const OciPolicy *policy, OciRequest *request,
                      GError **error)
{
    const char *wanted =
        policy->environment ? oci_request_variable(config, "NVIDIA_DRIVER_CAPABILITIES") : NULL;

    return nv_caps_from_environment(wanted, policy->environment && is_legacy_image(config),
                                    policy->caps, &request->caps, &request->unserved, error);
}

static bool give_gpus(JsonValue *config, const OciPolicy *policy, OciRequest *request,
                      GError **error)
{
    const char *visible = oci_request_variable(config, "NVIDIA_VISIBLE_DEVICES");

    if (!read_explicit(config, &request->gpus, &request->by_cdi, error)) {
        return false;
    }
    if (request->gpus || !policy->environment) {
        return true;
    }
    if (!visible && is_legacy_image(config)) {
        visible = "all";
    }
    if (!read_names(visible, &request->gpus, error)) {
        g_prefix_error(error, "NVIDIA_VISIBLE_DEVICES=%s: ", visible);
        return false;
    }
    return true;
}

/* Does a list contain a minor? Compare as numbers, because an operator may write 01. */
static bool has_minor(char **minors, const char *minor_no)
{
    for (; *minors; minors++) {
        if (g_ascii_strtoull(*minors, NULL, 10) == g_ascii_strtoull(minor_no, NULL, 10)) {
            return true;
        }
    }
    return false;
}

/* The minors that are in both lists, in the order of the first; the caller frees them. */
static char *meet_minors(const char *given, const char *wanted)
{
    g_auto(GStrv) minors = g_strsplit(given, ",", -1);
    g_auto(GStrv) others = g_strsplit(wanted, ",", -1);
    g_autoptr(GString) both = g_string_new(NULL);

    if (g_str_equal(given, "all") || g_str_equal(wanted, "all")) {
        return g_strdup(g_str_equal(given, "all") ? wanted : given);
    }
    if (g_str_equal(given, "none") || g_str_equal(wanted, "none")) {
        return g_strdup("none");
    }
    for (char **minor_no = minors; *minor_no; minor_no++) {
        if (has_minor(others, *minor_no)) {
            g_string_append_printf(both, "%s%s", both->len ? "," : "", *minor_no);
        }
    }
    return both->len ? g_string_free(g_steal_pointer(&both), FALSE) : g_strdup("none");
}

static bool narrow_gpus(JsonValue *config, OciRequest *request, GError **error)
{
    const char *names = oci_request_annotation(config, OCI_ANNOTATION_GPUS);
    g_autofree char *wanted = NULL;
    g_autofree char *given = g_steal_pointer(&request->gpus);

    if (names && !read_names(names, &wanted, error)) {
        g_prefix_error(error, "annotation " OCI_ANNOTATION_GPUS "=%s: ", names);
        return false;
    }
    request->gpus = names ? meet_minors(given, wanted ? wanted : "none") : g_steal_pointer(&given);
    return true;
}

static bool narrow_caps(JsonValue *config, OciRequest *request, GError **error)
{
    const char *names = oci_request_annotation(config, OCI_ANNOTATION_CAPS);
    NvCaps wanted = 0;
    NvCaps unserved;

    if (names &&
        !nv_caps_from_environment(names, FALSE, NV_CAPS_SUPPORTED, &wanted, &unserved, error)) {
        g_prefix_error(error, "annotation " OCI_ANNOTATION_CAPS ": ");
        return false;
    }
    request->caps = names ? request->caps & wanted : request->caps;
    return true;
}

static bool narrow(JsonValue *config, const OciPolicy *policy, OciRequest *request, GError **error)
{
    return !policy->annotations ||
           (narrow_gpus(config, request, error) && narrow_caps(config, request, error));
}

/* Apply the operator's list last, wherever the request came from. */
static void limit_gpus(const OciPolicy *policy, OciRequest *request)
{
    g_autofree char *given = g_steal_pointer(&request->gpus);

    request->gpus =
        given && policy->gpus ? meet_minors(given, policy->gpus) : g_steal_pointer(&given);
}

bool oci_request_read(JsonValue *config, const OciPolicy *policy, OciRequest *request,
                      GError **error)
{
    *request = (OciRequest){.gpus = NULL};
    bool ok = give_gpus(config, policy, request, error) &&
              (!request->gpus || (give_caps(config, policy, request, error) &&
                                  narrow(config, policy, request, error)));

    if (ok) {
        limit_gpus(policy, request);
        ok = !request->gpus || oci_quota_read(config, policy, request, error);
    }
    if (ok) {
        return true;
    }
    oci_request_clear(request);
    return false;
}

void oci_request_clear(OciRequest *request)
{
    g_clear_pointer(&request->gpus, g_free);
    g_clear_pointer(&request->gpu_memory, g_free);
    g_clear_pointer(&request->pinned_memory, g_free);
}
