/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/request/oci-request.h"

#include <string.h>

#include <gio/gio.h>

#include "cuse-server/base/json/json-value.h"
#include "cuse-server/inventory/cdi-names.h"
#include "cuse-server/inventory/gpu-lists.h"
#include "cuse-server/oci/request/given-devices.h"
#include "cuse-server/oci/request/oci-quota.h"

/* The prefix of annotations that name CDI devices (CDI specification, "Kubernetes annotations"). */
#define CDI_ANNOTATIONS "cdi.k8s.io/"

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

/* Read a list in the form of NVIDIA_VISIBLE_DEVICES: no request, or names to look up. */
static bool read_names(const char *names, char **gpus, GError **error)
{
    g_autofree char *minors = names ? gpu_list_minors(names, error) : NULL;

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

static bool refuse_annotation(const char *annotation, const char *device, const char *why,
                              GError **error)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                "annotation %s: cannot give the container '%s': %s", annotation, device, why);
    return false;
}

/* Append the GPU that an annotation names. Devices of other vendors are for the engine alone. */
static bool add_cdi_device(const char *annotation, const char *device, const OciPolicy *policy,
                           GString *names, GError **error)
{
    const char *name = NULL;
    const CdiKind kind = cdi_name_read(device, &name);

    if (kind == CDI_OTHER) {
        return true;
    }
    if (kind == CDI_UNKNOWN || !*name || strcmp(name, "void") == 0 || strcmp(name, "none") == 0) {
        return refuse_annotation(annotation, device, "expected GPUs, as nvidia.com/gpu=0", error);
    }
    if (!policy->cdi_annotations) {
        return refuse_annotation(
            annotation, device,
            "the engine has not resolved it: turn CDI on in the engine, or let annotations count "
            "(cdi-annotations = yes in /etc/nvcuse/runtime.conf); an image can bring them",
            error);
    }
    g_string_append_printf(names, "%s%s", names->len ? "," : "", name);
    return true;
}

/* Append the GPUs of an annotation that names CDI devices. */
static bool add_cdi_devices(const char *annotation, const char *value, const OciPolicy *policy,
                            GString *names, GError **error)
{
    g_auto(GStrv) devices = g_strsplit(value, ",", -1);

    for (char **device = devices; *device; device++) {
        if (!add_cdi_device(annotation, g_strstrip(*device), policy, names, error)) {
            return false;
        }
    }
    return true;
}

/* Find the GPUs that annotations for CDI name. An engine that resolves them has given the container nodes or hooks by now. *names
 * stays NULL if there is none; the caller frees it. */
static bool read_cdi_annotations(JsonValue *config, const OciPolicy *policy, char **names,
                                 GError **error)
{
    const JsonValue *annotations = json_member_object(config, "annotations");
    g_autoptr(GString) found = g_string_new(NULL);

    for (guint i = 0; i < json_length(annotations); i++) {
        const char *name = json_string(json_key(annotations, i));
        const char *value = json_string(json_element(annotations, i));
        if (value && g_str_has_prefix(name, CDI_ANNOTATIONS) &&
            !add_cdi_devices(name, value, policy, found, error)) {
            return false;
        }
    }
    *names = found->len ? g_string_free(g_steal_pointer(&found), FALSE) : NULL;
    return true;
}

/* Find the GPUs that the container asks for where the engine gives none: by annotations for CDI or, without any, by the
 * variable. */
static bool ask_gpus(JsonValue *config, const OciPolicy *policy, char **gpus, GError **error)
{
    const char *visible = oci_request_variable(config, "NVIDIA_VISIBLE_DEVICES");
    g_autofree char *of_cdi = NULL;

    if (!read_cdi_annotations(config, policy, &of_cdi, error)) {
        return false;
    }
    if (!visible && is_legacy_image(config)) {
        visible = "all";
    }
    if (!policy->environment) {
        visible = NULL;
    }
    if (!read_names(of_cdi ? of_cdi : visible, gpus, error)) {
        g_prefix_error(error, "%s%s: ",
                       of_cdi ? "annotation " CDI_ANNOTATIONS ": " : "NVIDIA_VISIBLE_DEVICES=",
                       of_cdi ? of_cdi : visible);
        return false;
    }
    return true;
}

/* Give what the engine gives. If that is nothing, what the container asks for counts. */
static bool give_gpus(JsonValue *config, const OciPolicy *policy, OciRequest *request,
                      GError **error)
{
    GivenDevices given;

    if (!given_devices_read(config, &given, error)) {
        return false;
    }
    request->gpus = given.gpus;
    request->imex_channels = given.imex_channels;
    request->by_cdi = given.by_cdi;
    return request->gpus || ask_gpus(config, policy, &request->gpus, error);
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

/* The numbers that are in both lists, in the order of the first; the caller frees them. */
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

/* Apply the operator's lists last, wherever the request came from. */
static bool limit_devices(const OciPolicy *policy, OciRequest *request, GError **error)
{
    g_autofree char *allowed = policy->gpus ? gpu_list_minors(policy->gpus, error) : NULL;
    g_autofree char *given = g_steal_pointer(&request->gpus);
    g_autofree char *channels = g_steal_pointer(&request->imex_channels);

    if (policy->gpus && !allowed) {
        g_prefix_error(error, "the operator's gpus = %s: ", policy->gpus);
        return false;
    }
    request->gpus = allowed ? meet_minors(given, allowed) : g_steal_pointer(&given);
    request->imex_channels = channels && policy->imex_channels
                                 ? meet_minors(channels, policy->imex_channels)
                                 : g_steal_pointer(&channels);
    return true;
}

bool oci_request_read(JsonValue *config, const OciPolicy *policy, OciRequest *request,
                      GError **error)
{
    *request = (OciRequest){.gpus = NULL};
    bool ok = give_gpus(config, policy, request, error) &&
              (!request->gpus || (give_caps(config, policy, request, error) &&
                                  narrow(config, policy, request, error)));

    if (ok && request->gpus) {
        ok =
            limit_devices(policy, request, error) && oci_quota_read(config, policy, request, error);
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
    g_clear_pointer(&request->imex_channels, g_free);
    g_clear_pointer(&request->gpu_memory, g_free);
    g_clear_pointer(&request->pinned_memory, g_free);
}
