/* SPDX-License-Identifier: Apache-2.0 */
/* Asks containerd's program about itself, and about a configuration. */
#pragma once

#include <stdbool.h>

#include <glib.h>

/** containerd_program_major: get the first number of containerd's version. Returns 0 if @program does not tell. */
unsigned containerd_program_major(const char *program);

/** containerd_program_major_of: as containerd_program_major(), from what "containerd --version" printed. */
unsigned containerd_program_major_of(const char *answer);

/**
 * containerd_program_prove: check that containerd reads a configuration, and finds nvcuse's runtime and the default
 * runtime in it.
 * Returns false with an @error that has containerd's own words.
 */
bool containerd_program_prove(const char *program, const char *path, GError **error);

/** containerd_program_check_dump: as containerd_program_prove(), from what "containerd config dump" printed. */
bool containerd_program_check_dump(const char *dump, GError **error);
