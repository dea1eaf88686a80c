/* SPDX-License-Identifier: Apache-2.0 */
/* An instance: one container's devices, the worker behind them, and the broker's threads around it.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

#include "cuse-server/proxy/device.h"
#include "version-tree/driver-abi.h"

/**
 * InstanceConfig: what to serve. Everything outlives the instance.
 * @name: letters, digits, '_', '-', '.', at most INSTANCE_NAME_MAX, the first a letter or digit
 * @threads: most calls in progress at once
 * @trace_fd: where the table of calls goes, or -1
 */
typedef struct {
    const char *name;
    const DriverAbi *abi;
    NvCaps caps;
    const Device *devices;
    unsigned n_devices;
    unsigned threads;
    int trace_fd;
} InstanceConfig;

enum { INSTANCE_NAME_MAX = 48 };

typedef struct Instance Instance;

/** instance_check_name: false with @error that says what a name may look like. */
bool instance_check_name(const char *name, GError **error);

/**
 * instance_start: take device numbers, fork the worker, wait until its devices exist and it is
 * locked up. The process must have one thread. Returns NULL with @error set, and nothing left
 * behind.
 */
Instance *instance_start(const InstanceConfig *config, GError **error);

/** instance_worker: a pidfd of the worker, readable when it has ended; owned by the instance. */
int instance_worker(const Instance *instance);

/** instance_add_listener: serve a guest's seccomp listener from now on; @fd is owned by the
 * instance. */
void instance_add_listener(Instance *instance, int fd);

/**
 * instance_stop: end the worker, wait until its devices are gone, free everything. Guests that
 * still have files open get errors from them.
 *
 * Returns: false with @error if something stayed behind: the process should end then.
 */
bool instance_stop(Instance *instance, GError **error);
