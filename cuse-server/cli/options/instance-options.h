/* SPDX-License-Identifier: Apache-2.0 */
/* The options that `run` and `serve` share, and the instance that they describe. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/broker/life/instance.h"
#include "cuse-server/cli/options/driver-options.h"
#include "cuse-server/recording/simulation.h"

enum { INSTANCE_OPTIONS_MAX = 24 };

/**
 * InstanceOptions: the parsed options. Use: zero it, parse, load, clear.
 * @origins: "PATH:LINE" for each option that came from a file; in the order of the table
 */
typedef struct {
    char *name;
    char *gpus;
    char *caps;
    char *mig;
    char *imex_channels;
    char *uvm_sharing;
    char *transport;
    char *guest_memory;
    char *on_worker_death;
    char *trace;
    char *record;
    char *simulate;
    char *audit;
    char *textfile_dir;
    int record_limit; /* 0: not given; so for the numbers below */
    int threads;
    int max_files;
    int max_clients;
    int max_objects;
    DriverOptions driver;
    char *origins[INSTANCE_OPTIONS_MAX];
} InstanceOptions;

/** instance_options_add: add the options to a command's context. */
void instance_options_add(InstanceOptions *options, GOptionContext *context);

/**
 * instance_options_load: take options that were not given on the command line from a key file's group
 * [instance]; its keys are the options' names.
 * Checks every value that can be checked without looking at the host.
 * @error: names the file, the line and, for a misspelt key, the nearest key
 */
bool instance_options_load(InstanceOptions *options, const char *path, GError **error);

/**
 * instance_options_filter: describe in words the system calls that the processes of such an instance may make.
 * Does not need a device. Returns: (transfer full): the text, or NULL with @error.
 */
char *instance_options_filter(const InstanceOptions *options, GError **error);

void instance_options_clear(InstanceOptions *options);

/**
 * InstancePlan: an instance that can be started: its options have been checked against the host.
 * @config: points into the plan
 * @simulation: for a simulated instance, the contents of the recording; else NULL
 * @audit, @textfile_dir: for the report, see ReportConfig; the options own them
 */
typedef struct {
    InstanceConfig config;
    DriverAbi *abi;
    Simulation *simulation;
    const char *audit;
    const char *textfile_dir;
    Device devices[DEVICES_MAX];
} InstancePlan;

/**
 * instance_plan_make: look at the host and check the options.
 * @default_name: used if --name was not given
 * @error: if an option from a file caused the error, the message begins with the option's file and line
 */
bool instance_plan_make(InstancePlan *plan, const InstanceOptions *options,
                        const char *default_name, GError **error);
void instance_plan_clear(InstancePlan *plan);
