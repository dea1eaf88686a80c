/* SPDX-License-Identifier: Apache-2.0 */
/* The options that `run` and `serve` share, and the instance they describe. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/broker/instance.h"
#include "cuse-server/cli/driver-options.h"

/** InstanceOptions: as parsed. Zero it, fill in defaults for strings (newly allocated), parse,
 * clear. */
typedef struct {
    char *name;
    char *gpus;
    char *caps;
    char *trace;
    int threads;
    DriverOptions driver;
} InstanceOptions;

/** instance_options_add: add the options to a command's context. */
void instance_options_add(InstanceOptions *options, GOptionContext *context);

/**
 * instance_options_load: read defaults for options that were not given from a key file's group
 * [instance]; its keys are the options' names.
 */
bool instance_options_load(InstanceOptions *options, const char *path, GError **error);

void instance_options_clear(InstanceOptions *options);

/**
 * InstancePlan: an instance that can be started: the host looked at, everything checked.
 * @config: points into the plan
 */
typedef struct {
    InstanceConfig config;
    DriverAbi *abi;
    Device devices[DEVICES_MAX];
} InstancePlan;

/**
 * instance_plan_make: look at the host and check the options.
 * @default_name: used if --name was not given
 */
bool instance_plan_make(InstancePlan *plan, const InstanceOptions *options,
                        const char *default_name, GError **error);
void instance_plan_clear(InstancePlan *plan);
