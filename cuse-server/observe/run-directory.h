/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /run/nvcuse/NAME: where a running instance can be asked about itself. Root's alone.
 *
 *     control   the instance as JSON
 *     metrics   its numbers as OpenMetrics
 *
 * An instance that is killed cannot remove its directory; whoever finds that nobody answers there
 * does (`nvcuse ps`), and so does the next instance of the name.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#define RUN_DIRECTORY_ROOT "/run/nvcuse"

/** run_directory_path: FILE in an instance's directory; NULL: the directory. The caller frees it. */
char *run_directory_path(const char *instance, const char *file);

/**
 * run_directory_make: make it, or take over the one that a dead instance of this name has left.
 * Returns: a descriptor that holds the name for as long as it is open, or -1 with @error: _EXISTS: there is
 * an instance of the name.
 */
int run_directory_make(const char *instance, GError **error);

/** run_directory_remove: remove it, if it holds nothing but what is listed above. */
void run_directory_remove(const char *instance);

/**
 * run_directory_ask: read everything that an instance says at one of its sockets.
 * @error: G_IO_ERROR_CONNECTION_REFUSED, or _NOT_FOUND, if no instance answers there
 */
char *run_directory_ask(const char *instance, const char *file, GError **error);

/**
 * run_directory_list: the names of instances that answer, sorted; directories in which nobody does
 * are removed. The caller owns the array and its strings.
 */
GPtrArray *run_directory_list(void);
