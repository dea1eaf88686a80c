/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the command line of an OCI runtime, as far as nvcuse-runtime must understand it.
 *
 * nvcuse-runtime must read the same from it as the runtime does. If it overlooked a bundle, the container would have
 * no instance, and would keep the device nodes that its engine gave it. So nothing is guessed: an option that is
 * unknown, or that runtimes could read in two ways, is refused.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

/**
 * RuntimeSyntax: how a runtime spells its options.
 * @RUNTIME_SYNTAX_COMMON: what every runtime accepts: --name VALUE, --name=VALUE, -n VALUE, before the container's id
 * @RUNTIME_SYNTAX_GO: runc, which uses Go's package flag: also -name, --switch=false, and options after the id
 * @RUNTIME_SYNTAX_ARGP: crun, which uses argp(3): also beginnings of names, -nVALUE, and several switches in one word
 */
typedef enum {
    RUNTIME_SYNTAX_COMMON,
    RUNTIME_SYNTAX_GO,
    RUNTIME_SYNTAX_ARGP,
} RuntimeSyntax;

/** RuntimeCommand: what the runtime is asked to do. The runtime gets RUNTIME_OTHER unchanged. */
typedef enum {
    RUNTIME_OTHER,
    RUNTIME_CREATE,
    RUNTIME_RUN,
    RUNTIME_RESTORE,
    RUNTIME_UPDATE,
} RuntimeCommand;

/**
 * RuntimeArgs: the result of reading. All strings except @bundle point into argv.
 * @words: argv without nvcuse's own options, NULL-terminated; free the array, but not its strings
 * @first: index in @words of the first word after the command
 * @command: see RuntimeCommand
 * @runtime: value of nvcuse's option --nvcuse-runtime, or NULL
 * @bundle: absolute path; the working directory if there is no such option
 * @config: value of crun's option to read another file than the bundle's config.json, or NULL
 * @resources: update's file of new limits, "-" for standard input, or NULL
 * @id: the container's id, or NULL
 * @log, @log_format: where and in which form the runtime is to write its errors, or NULL
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

/** runtime_syntax_of: find the syntax of a runtime by the name of its program. */
RuntimeSyntax runtime_syntax_of(const char *path);

/**
 * runtime_args_read_global: read the line up to the command. All runtimes read these options alike.
 * @args: set to what was found, even on failure
 * Returns: false with @error if an option is unknown, or lacks its value.
 */
bool runtime_args_read_global(RuntimeArgs *args, char **argv, GError **error);

/**
 * runtime_args_read_command: read what comes after the command, if nvcuse-runtime must understand that command.
 * Returns: false with @error for the same reasons as runtime_args_read_global(), or if there is more than one
 * container.
 */
bool runtime_args_read_command(RuntimeArgs *args, RuntimeSyntax syntax, GError **error);

/** runtime_args_feed: make update read its limits from standard input. Call it after runtime_args_read_command(). */
void runtime_args_feed(RuntimeArgs *args, RuntimeSyntax syntax);

void runtime_args_clear(RuntimeArgs *args);
