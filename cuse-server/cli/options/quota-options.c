/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/options/quota-options.h"

#include <gio/gio.h>

#include "cuse-server/inventory/gpu-lists.h"
#include "cuse-server/wire/quota/quota-text.h"

bool quota_options_pair(const InstanceOptions *options, GError **error)
{
    const struct {
        const char *name;
        const char *value;
    } quotas[] = {{"gpu-memory", options->gpu_memory},
                  {"pinned-memory", options->pinned_memory},
                  {"managed-memory", options->managed_memory},
                  {"gpu-share", options->gpu_share.text},
                  {"gpu-cap", options->gpu_cap.text}};

    for (size_t i = 0; options->record && i < G_N_ELEMENTS(quotas); i++) {
        if (quotas[i].value) {
            g_set_error_literal(
                error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "cannot be used with --record: a recording does not contain quotas, "
                "and a replay would answer otherwise");
            return instance_options_blame(options, quotas[i].name, error);
        }
    }
    return true;
}

/* Returns the minors of the instance's GPUs, joined by commas; the caller frees them. */
static char *list_gpus(const InstanceSpec *spec)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = 0; i < spec->n_devices; i++) {
        if (device_is_gpu(&spec->devices[i])) {
            g_string_append_printf(text, "%s%u", text->len ? "," : "",
                                   minor(spec->devices[i].number));
        }
    }
    return text->len ? g_string_free(g_steal_pointer(&text), FALSE) : g_strdup("none");
}

/* Check that the instance has the GPUs that the list names, and not more of them than can be told apart. */
static bool check_gpus(const QuotaList *list, const InstanceSpec *spec, GError **error)
{
    const int stray = quota_list_stray(list, spec->devices, spec->n_devices);

    if (stray >= 0) {
        g_autofree char *gpus = list_gpus(spec);
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                    "/dev/nvidia%d: expected one of the instance's GPUs (--gpus), which have "
                    "these device minors: %s",
                    stray, gpus);
        return false;
    }
    if (device_gpu(spec->devices, spec->n_devices) > QUOTA_GPUS_MAX) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                    "expected an instance with at most %d GPUs: choose GPUs with --gpus",
                    QUOTA_GPUS_MAX);
        return false;
    }
    return true;
}

static bool set_gpu_memory(const char *text, InstanceSpec *spec, GError **error)
{
    g_autofree char *by_minor = gpu_list_limits(text, error);
    QuotaList list;

    if (!by_minor || !quota_list_parse(by_minor, &list, error) || !check_gpus(&list, spec, error)) {
        return false;
    }
    spec->quota.by_gpu = true;
    for (unsigned i = 0; i < spec->n_devices; i++) {
        if (device_is_gpu(&spec->devices[i])) {
            (void)quota_list_find(&list, minor(spec->devices[i].number),
                                  &spec->quota.gpu_memory[device_gpu(spec->devices, i)]);
        }
    }
    return true;
}

bool quota_options_set(const InstanceOptions *options, InstanceSpec *spec, GError **error)
{
    InstanceQuota *quota = &spec->quota;

    quota->gpu_share = (unsigned)options->gpu_share.value;
    quota->gpu_cap = (unsigned)options->gpu_cap.value;
    if (options->gpu_memory && !set_gpu_memory(options->gpu_memory, spec, error)) {
        return instance_options_blame(options, "gpu-memory", error);
    }
    if (options->pinned_memory &&
        !quota_size_parse(options->pinned_memory, &quota->pinned_memory, error)) {
        return instance_options_blame(options, "pinned-memory", error);
    }
    if (options->managed_memory &&
        !managed_memory_parse(options->managed_memory, &quota->managed, error)) {
        return instance_options_blame(options, "managed-memory", error);
    }
    return true;
}
