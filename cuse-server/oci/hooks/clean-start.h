/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hook's start, as if it were set-user-ID: it runs as the host's root, and what started it may
 * have been told by a container what environment, directory, files and limits to start it with.
 *
 * There are two walls. The first is `env` in the hook itself (oci/hooks/hook-environment.h): nothing
 * in this file runs before a library that the loader was told to preload. The second is here: before
 * any library's constructor, a hook that has another environment than that one starts itself anew
 * with it, so that what the loader, the C library and GLib made of the other does not count.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

/** clean_start_is_hook: is this command line a hook's? */
bool clean_start_is_hook(int argc, char **argv);

/**
 * clean_start: take back what else a process inherits: files above standard error are closed, those
 * up to it are there (as /dev/null, if they were not), the directory is "/", the umask 022; no signal
 * is blocked or ignored, no timer runs; limits are not lower than a hook needs, as far as the
 * process may raise them.
 *
 * Returns: false with @error.
 */
bool clean_start(GError **error);
