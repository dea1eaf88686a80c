/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of an OCI runtime, as far as it has to be understood.
 *
 * What is read here must be what the runtime reads: a bundle that is overlooked is a container without
 * an instance, with the device nodes that its engine gave it. So nothing is guessed: an option that is
 * not known, or that runtimes could read in two ways, is refused.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

/**
 * RuntimeSyntax: how a runtime spells its options.
 * @RUNTIME_SYNTAX_COMMON: as every runtime does: --name VALUE, --name=VALUE, -n VALUE, before the container's id
 * @RUNTIME_SYNTAX_GO: runc, by Go's package flag: also -name, --switch=false, and options after the id
 * @RUNTIME_SYNTAX_ARGP: crun, by argp(3): also beginnings of names, -nVALUE, and switches in one word
 */
typedef enum {
    RUNTIME_SYNTAX_COMMON,
    RUNTIME_SYNTAX_GO,
    RUNTIME_SYNTAX_ARGP,
} RuntimeSyntax;

/** RuntimeCommand: what the runtime is asked to do. RUNTIME_OTHER: goes through as it is. */
typedef enum {
    RUNTIME_OTHER,
    RUNTIME_CREATE,
    RUNTIME_RUN,
    RUNTIME_RESTORE,
    RUNTIME_UPDATE,
} RuntimeCommand;

/**
 * RuntimeArgs: what was found; strings point into argv, but for @bundle.
 * @words: argv without our own options, NULL-terminated; to be freed as a pointer
 * @first: of the words after the command
 * @command: see there
 * @runtime: value of our option --nvcuse-runtime, or NULL
 * @bundle: absolute; the working directory if there is no such option
 * @config: crun's option to read another file than the bundle's config.json, or NULL
 * @resources: update's file of new limits, "-" for standard input, or NULL
 * @id: the container's, NULL if there is none
 * @log, @log_format: where the runtime is to write its errors, or NULL
 */
typedef struct {
    char **words;
    guint first;
    RuntimeCommand command;
    const char *runtime;
    char *bundle;
    const char *config;
    const char *resources;
    const char *id;
    const char *log;
    const char *log_format;
} RuntimeArgs;

/** runtime_syntax_of: by the name of its program. */
RuntimeSyntax runtime_syntax_of(const char *path);

/**
 * runtime_args_read_global: read up to the command; all runtimes have these options alike.
 * @args: what was found is in there even on failure
 * Returns: false with @error if an option is not known, or lacks its value.
 */
bool runtime_args_read_global(RuntimeArgs *args, char **argv, GError **error);

/**
 * runtime_args_read_command: read what comes after the command, if it is one that has to be understood.
 * Returns: false with @error, as above, or if there is more than one container.
 */
bool runtime_args_read_command(RuntimeArgs *args, RuntimeSyntax syntax, GError **error);

/** runtime_args_feed: have update read its limits from its standard input. After runtime_args_read_command(). */
void runtime_args_feed(RuntimeArgs *args, RuntimeSyntax syntax);

void runtime_args_clear(RuntimeArgs *args);
