/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts a hook as carefully as a set-user-ID program. A hook runs as the host's root. The program
 * that started it may have taken the environment, directory, files and limits for it from a
 * container.
 *
 * There are two walls:
 * 1. `env` in the hook's own configuration (oci/hooks/hook-environment.h). It is needed because a
 *    library that the loader was told to preload runs before anything in this file.
 * 2. This file. Before any library's constructor runs, a hook whose environment differs from that
 *    `env` executes itself again with it. It also does so after it had to reset the stack limit or
 *    the personality. So what the loader, the C library and GLib made of the other environment does
 *    not count.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

/** clean_start_is_hook: is this command line a hook's? */
bool clean_start_is_hook(int argc, char **argv);

/**
 * clean_start: undo everything else that a process inherits.
 * - Files above standard error are closed. Standard input, output and error exist; a missing one
 *   becomes /dev/null.
 * - The directory is "/" and the umask is 022.
 * - No signal is blocked or ignored, and no timer runs.
 * - Limits are not lower than a hook needs, as far as the process may raise them. Core files are
 *   forbidden.
 *
 * Returns: false with @error.
 */
bool clean_start(GError **error);
