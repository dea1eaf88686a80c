/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of an OCI runtime, as far as it has to be understood; runc's and crun's are alike
 * in that. */
#pragma once

#include <stdbool.h>

#include <glib.h>

/**
 * RuntimeArgs: what was found; strings point into argv, but for @bundle.
 * @words: argv without our own options, NULL-terminated; to be freed as a pointer
 * @creates: it is `create` or `run`
 * @runtime: value of our option --nvcuse-runtime, or NULL
 * @bundle: absolute; the working directory if there is no such option
 * @config: crun's option to read another file than the bundle's config.json, or NULL
 * @id: the container's, NULL if there is none
 * @log, @log_format: where the runtime is to write its errors, or NULL
 */
typedef struct {
    char **words;
    bool creates;
    const char *runtime;
    char *bundle;
    const char *config;
    const char *id;
    const char *log;
    const char *log_format;
} RuntimeArgs;

void runtime_args_read(RuntimeArgs *args, int argc, char **argv);
