/* SPDX-License-Identifier: Apache-2.0 */
/* What an instance's guests hold and may hold, for status and metrics. */
#pragma once

#include "cuse-server/wire/instance-spec.h"
#include "cuse-server/wire/quota/memory-use.h"

/**
 * MemoryFigure: memory of one kind.
 * @gpu: the device minor of the GPU that it is of; "all": use is not told apart by GPU; "": it is the host's memory
 * @limit: bytes, or QUOTA_UNLIMITED
 */
typedef struct {
    char gpu[12];
    MemoryUse use;
    uint64_t limit;
} MemoryFigure;

/** MemoryReport: all memory of an instance. @gpus, @n_gpus: GPU memory; @pinned: the host's memory that the driver has allocated */
typedef struct {
    MemoryFigure gpus[QUOTA_GPUS_MAX];
    unsigned n_gpus;
    MemoryFigure pinned;
} MemoryReport;

/** memory_report_make: put together what guests hold, according to the worker, and the present limits. */
void memory_report_make(MemoryReport *report, const InstanceSpec *spec, const QuotaPage *limits,
                        const InstanceUse *use);
