/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sampler: a thread that reads something every few seconds while there is something to read, and once more at the end. The thread
 * is started when it is needed for the first time. It sleeps while there is nothing to read.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

typedef struct Sampler Sampler;

/**
 * SamplerOps: what a sampler reads. The thread calls these functions; @runs with the sampler's lock held.
 * @name: of the thread
 * @runs: whether there is something to read. The first time, and after it has returned false, sampler_wake() has to be called
 * @read: read it. The thread calls it at the beginning, every @interval_ms, and @last_ms after the end
 */
typedef struct {
    const char *name;
    bool (*runs)(gpointer data);
    void (*read)(gpointer data);
    unsigned interval_ms;
    unsigned last_ms;
} SamplerOps;

/** sampler_new: @ops and @data outlive it. Does not start the thread yet. */
Sampler *sampler_new(const SamplerOps *ops, gpointer data);

/** sampler_wake: make the thread ask for SamplerOps.runs. Starts the thread if it does not run yet. Does not wait for it. */
void sampler_wake(Sampler *sampler);

/** sampler_free: end the thread, without another read. @sampler may be NULL. */
void sampler_free(Sampler *sampler);
