/* SPDX-License-Identifier: Apache-2.0 */
/* The options that runc and crun have, and how one of them is read from a command line. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/oci/runtime/runtime-args.h"

/**
 * RuntimeOption: an option of a runtime.
 * @letter: its short name; '\0': it does not have one
 * @has_value: it takes a value
 * @member: offset in RuntimeArgs where the value is stored; -1: the option is only skipped
 */
typedef struct {
    const char *name;
    char letter;
    bool has_value;
    gssize member;
} RuntimeOption;

/** runtime_global_options, runtime_command_options: the options before the command, and after create, run, restore and
 * update. The last has no name. The first global option is nvcuse's own. */
extern const RuntimeOption runtime_global_options[];
extern const RuntimeOption runtime_command_options[];

/** runtime_option_find: find an option by its name, which is the first @length characters of @name. If @cut, names may be
 * cut short: a beginning that only one name has is accepted. Returns NULL if there is no such option. */
const RuntimeOption *runtime_option_find(const RuntimeOption *options, const char *name,
                                         size_t length, bool cut);

/**
 * runtime_option_take: read the option at @argv, and its value.
 * @args: gets the value, if it has a place for it
 * @option: set to the option
 * @n: set to the number of words that it takes up
 * Returns: false with @error if the option is unknown, lacks its value, or runtimes could read it in two ways.
 */
bool runtime_option_take(RuntimeArgs *args, char **argv, const RuntimeOption *options,
                         RuntimeSyntax syntax, const RuntimeOption **option, int *n,
                         GError **error);
