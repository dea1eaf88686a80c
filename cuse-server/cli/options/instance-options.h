/* SPDX-License-Identifier: Apache-2.0 */
/* The options that `run` and `serve` share: one table for the command line and for files. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/cli/options/driver-options.h"
#include "cuse-server/wire/instance-spec.h"

enum { INSTANCE_OPTIONS_MAX = 32 };

/** InstanceNumber: a number among the options. @text: as it was given, or NULL; @value: set by instance_options_check() */
typedef struct {
    char *text;
    int value;
} InstanceNumber;

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
    char *opens;
    char *gpu_memory;
    char *pinned_memory;
    char *managed_memory;
    char *transport;
    char *guest_memory;
    char *on_worker_death;
    char *call_log;
    char *trace; /* the old name of call_log */
    char *record;
    char *simulate;
    char *audit;
    char *textfile_dir;
    InstanceNumber gpu_share;
    InstanceNumber gpu_cap;
    InstanceNumber record_limit;
    InstanceNumber threads;
    InstanceNumber max_files;
    InstanceNumber max_clients;
    InstanceNumber max_objects;
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
 * instance_options_check: check every value that was given, without looking at the host; set numbers, those that were not given to their
 * initial values; and take options that were given by an old name, with a notice on standard error.
 * Returns false with @error, which begins with the option.
 */
bool instance_options_check(InstanceOptions *options, GError **error);

/**
 * instance_options_blame: prefix an error with the option @name that caused it, and with the file and line if it came from a
 * file. Returns false.
 */
bool instance_options_blame(const InstanceOptions *options, const char *name, GError **error);

void instance_options_clear(InstanceOptions *options);

/** uvm_sharing_parse: read whose UVM files are. @shared: set to whether several processes share them. Returns false with @error. */
bool uvm_sharing_parse(const char *text, bool *shared, GError **error);

/** opens_parse: read which opens reach the nodes. @all: set to whether all do. Returns false with @error. */
bool opens_parse(const char *text, bool *all, GError **error);

/** worker_death_parse: read what to do when the worker ends. Returns false with @error. */
bool worker_death_parse(const char *text, WorkerDeath *death, GError **error);
