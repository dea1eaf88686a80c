/* SPDX-License-Identifier: Apache-2.0 */
/* What is reported of memory: which GPU a number is of, and which limits there are. */
#include <string.h>

#include <criterion/criterion.h>

#include "cuse-server/observe/metrics/metrics.h"

static const InstanceUse use = {
    .gpus = {{10, 20}, {30, 40}}, .any_gpu = {50, 60}, .pinned = {70, 80}};

/* An instance with the GPUs 1 and 3. */
static InstanceSpec two_gpus(bool by_gpu)
{
    return (InstanceSpec){
        .devices = {{DEVICE_FRONTEND, "nvidiactl", makedev(195, 255)},
                    {DEVICE_FRONTEND, "nvidia1", makedev(195, 1)},
                    {DEVICE_FRONTEND, "nvidia3", makedev(195, 3)}},
        .n_devices = 3,
        .quota = {.by_gpu = by_gpu},
    };
}

static char *metrics_of(const InstanceSpec *spec, const QuotaPage *page)
{
    Metrics metrics = {.instance = "web", .driver = "580.65.06"};

    memory_report_make(&metrics.memory, spec, page, &use);
    return metrics_format(&metrics, METRICS_OPENMETRICS);
}

Test(memory_report, gpus_are_named_by_their_minors_in_the_order_of_the_instance)
{
    const InstanceSpec spec = two_gpus(true);
    const QuotaPage page = {.gpu_memory = {0, 99}, .pinned_memory = 98};
    g_autofree char *text = metrics_of(&spec, &page);
    static const char *const lines[] = {
        "\n# UNIT nvcuse_gpu_memory_used_bytes bytes\n",
        "\nnvcuse_gpu_memory_used_bytes{instance=\"web\",gpu=\"1\"} 10\n",
        "\nnvcuse_gpu_memory_used_bytes{instance=\"web\",gpu=\"3\"} 30\n",
        "\nnvcuse_gpu_memory_peak_bytes{instance=\"web\",gpu=\"1\"} 20\n",
        "\nnvcuse_gpu_memory_peak_bytes{instance=\"web\",gpu=\"3\"} 40\n",
        "\nnvcuse_gpu_memory_limit_bytes{instance=\"web\",gpu=\"3\"} 99\n",
        "\nnvcuse_pinned_memory_used_bytes{instance=\"web\"} 70\n",
        "\nnvcuse_pinned_memory_peak_bytes{instance=\"web\"} 80\n",
        "\nnvcuse_pinned_memory_limit_bytes{instance=\"web\"} 98\n",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        cr_assert_not_null(strstr(text, lines[i]), "%s in:\n%s", lines[i], text);
    }
    cr_assert_null(strstr(text, "limit_bytes{instance=\"web\",gpu=\"1\"}"), "it has no limit");
    cr_assert_null(strstr(text, "gpu=\"all\""));
}

Test(memory_report, use_that_is_not_told_apart_is_of_all_gpus)
{
    const InstanceSpec spec = two_gpus(false);
    const QuotaPage page = {0};
    g_autofree char *text = metrics_of(&spec, &page);

    cr_assert_not_null(strstr(text, "used_bytes{instance=\"web\",gpu=\"all\"} 50\n"), "%s", text);
    cr_assert_not_null(strstr(text, "peak_bytes{instance=\"web\",gpu=\"all\"} 60\n"), "%s", text);
    cr_assert_null(strstr(text, "limit_bytes"), "no family without a sample: %s", text);
    cr_assert_null(strstr(text, "gpu=\"1\""));
}
