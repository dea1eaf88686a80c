/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/request/oci-quota.h"

#include <gio/gio.h>

#include "cuse-server/inventory/gpu-lists.h"
#include "cuse-server/wire/quota/quota-text.h"

#define MEMORY_VARIABLE "NVIDIA_GPU_MEMORY_LIMIT"
#define MEBIBYTE_SHIFT  20
#define KIBIBYTE        UINT64_C(1024)

/* Lower limits to those in @text. @any: set if there are any */
static bool lower_to(QuotaList *list, const char *text, bool *any, GError **error)
{
    g_autofree char *by_minor = text ? gpu_list_limits(text, error) : NULL;
    QuotaList other;

    if (!text) {
        return true;
    }
    if (!by_minor || !quota_list_parse(by_minor, &other, error)) {
        return false;
    }
    quota_list_lower(list, &other);
    *any = true;
    return true;
}

/* Lower the limit of each GPU to that of NVIDIA's variable. An empty one is none, as with NVIDIA's other variables. */
static bool lower_to_variable(QuotaList *list, JsonValue *config, bool *any, GError **error)
{
    const char *text = oci_request_variable(config, MEMORY_VARIABLE);
    QuotaList other = {.has_others = 1};
    guint64 mebibytes;

    if (!text || !*text) {
        return true;
    }
    if (!g_ascii_string_to_unsigned(text, 10, 1, (guint64)G_MAXINT64 >> MEBIBYTE_SHIFT, &mebibytes,
                                    NULL)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    MEMORY_VARIABLE "=%s: expected a number of MiB, from 1", text);
        return false;
    }
    other.others = mebibytes << MEBIBYTE_SHIFT;
    quota_list_lower(list, &other);
    *any = true;
    return true;
}

static bool lower_to_annotation(QuotaList *list, JsonValue *config, bool *any, GError **error)
{
    if (lower_to(list, oci_request_annotation(config, OCI_ANNOTATION_GPU_MEMORY), any, error)) {
        return true;
    }
    g_prefix_error(error, "annotation " OCI_ANNOTATION_GPU_MEMORY ": ");
    return false;
}

/* Leave out limits of GPUs that the container does not have. @gpus: see OciRequest */
static void keep_gpus(QuotaList *list, const char *gpus)
{
    g_auto(GStrv) minors = g_strsplit(gpus, ",", -1);
    const bool all = g_str_equal(gpus, "all");
    bool has[QUOTA_MINORS] = {false};

    for (char **item = minors; !all && *item; item++) {
        guint64 minor_no;
        if (g_ascii_string_to_unsigned(*item, 10, 0, QUOTA_MINORS - 1, &minor_no, NULL)) {
            has[minor_no] = true;
        }
    }
    for (unsigned i = 0; !all && i < QUOTA_MINORS; i++) {
        list->has_own[i] = list->has_own[i] && has[i];
    }
}

static bool read_gpu_memory(JsonValue *config, const OciPolicy *policy, OciRequest *request,
                            GError **error)
{
    QuotaList list = {0};
    bool any = false;

    if (!lower_to(&list, policy->gpu_memory, &any, error) ||
        (policy->environment && !lower_to_variable(&list, config, &any, error)) ||
        (policy->annotations && !lower_to_annotation(&list, config, &any, error))) {
        return false;
    }
    if (any) {
        keep_gpus(&list, request->gpus);
        g_autofree char *text = quota_list_format(&list);
        /* An empty list has to be given as well: it replaces that of the operator's file. */
        request->gpu_memory = *text ? g_steal_pointer(&text) : quota_size_format(QUOTA_UNLIMITED);
    }
    return true;
}

/* The memory limit of the container, in whole KiB; QUOTA_UNLIMITED if there is none. */
static uint64_t memory_limit(JsonValue *config)
{
    JsonValue *section = json_member_object(config, "linux");
    JsonValue *resources = json_member_object(section, "resources");
    JsonValue *memory = json_member_object(resources, "memory");
    int64_t limit;

    return json_int_get(json_member(memory, "limit"), &limit) && limit > 0
               ? MAX((uint64_t)limit / KIBIBYTE, 1) * KIBIBYTE
               : QUOTA_UNLIMITED;
}

static bool read_pinned_memory(JsonValue *config, const OciPolicy *policy, OciRequest *request,
                               GError **error)
{
    const char *annotation =
        policy->annotations ? oci_request_annotation(config, OCI_ANNOTATION_PINNED_MEMORY) : NULL;
    uint64_t limit = QUOTA_UNLIMITED;
    uint64_t wanted = QUOTA_UNLIMITED;

    if (policy->pinned_memory) {
        if (!quota_size_parse(policy->pinned_memory, &limit, error)) {
            return false;
        }
    } else if (!policy->without_quotas) {
        limit = memory_limit(config);
    }
    if (annotation && !quota_size_parse(annotation, &wanted, error)) {
        g_prefix_error(error, "annotation " OCI_ANNOTATION_PINNED_MEMORY ": ");
        return false;
    }
    limit = quota_lower(limit, wanted);
    request->pinned_memory = limit == QUOTA_UNLIMITED ? NULL : quota_size_format(limit);
    return true;
}

bool oci_quota_read(JsonValue *config, const OciPolicy *policy, OciRequest *request, GError **error)
{
    return read_gpu_memory(config, policy, request, error) &&
           read_pinned_memory(config, policy, request, error);
}
