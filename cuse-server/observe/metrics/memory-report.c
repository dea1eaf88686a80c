/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/observe/metrics/memory-report.h"

static void add_gpu(MemoryReport *report, unsigned minor_no, const QuotaPage *limits,
                    const InstanceUse *use)
{
    const unsigned gpu = report->n_gpus++;
    MemoryFigure *figure = &report->gpus[gpu];

    *figure = (MemoryFigure){.use = use->gpus[gpu], .limit = atomic_load(&limits->gpu_memory[gpu])};
    g_snprintf(figure->gpu, sizeof figure->gpu, "%u", minor_no);
}

void memory_report_make(MemoryReport *report, const InstanceSpec *spec, const QuotaPage *limits,
                        const InstanceUse *use)
{
    *report = (MemoryReport){
        .pinned = {.use = use->pinned, .limit = atomic_load(&limits->pinned_memory)}};
    if (!spec->quota.by_gpu) {
        report->n_gpus = 1;
        report->gpus[0] = (MemoryFigure){.gpu = "all", .use = use->any_gpu};
        return;
    }
    for (unsigned i = 0; i < spec->n_devices && report->n_gpus < QUOTA_GPUS_MAX; i++) {
        if (device_is_gpu(&spec->devices[i])) {
            add_gpu(report, minor(spec->devices[i].number), limits, use);
        }
    }
}
