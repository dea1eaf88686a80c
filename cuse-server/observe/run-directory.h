/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory /run/nvcuse/NAME, with the sockets at which a running instance answers questions about itself. Only
 * root can use it.
 *
 *     control   the instance as JSON
 *     limits    takes requests to change its limits (wire/quota/limit-request.h)
 *     metrics   its numbers as OpenMetrics
 *
 * An instance that is killed cannot remove its directory. `nvcuse ps` removes it when no process answers there. The
 * next instance of the same name takes it over.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#define RUN_DIRECTORY_ROOT "/run/nvcuse"

/** run_directory_path: get the path of @file in an instance's directory; NULL: of the directory. The caller frees it. */
char *run_directory_path(const char *instance, const char *file);

/**
 * run_directory_make: make the directory, or take over the one that a dead instance of this name has left.
 * Returns: a descriptor that reserves the name as long as it is open, or -1 with @error; G_IO_ERROR_EXISTS: there is
 *     a running instance of this name
 */
int run_directory_make(const char *instance, GError **error);

/** run_directory_remove: remove the files listed above and the directory. A directory with other files stays. */
void run_directory_remove(const char *instance);

/**
 * run_directory_ask: read the answer of an instance at one of its sockets.
 * @error: G_IO_ERROR_CONNECTION_REFUSED, or _NOT_FOUND, if no instance answers there
 */
char *run_directory_ask(const char *instance, const char *file, GError **error);

/**
 * run_directory_find: find the instance that somebody means: the one of this name or, if there is none, the only one whose name begins
 * with it. The name of a container's instance begins with the container's id.
 * Returns: (transfer full): the name; NULL with @error, which lists the instances if there are several.
 */
char *run_directory_find(const char *word, GError **error);

/** run_directory_connect: connect to one of an instance's sockets. @type: SOCK_STREAM or SOCK_SEQPACKET. Receiving from it fails after
 * some seconds without an answer. Returns a descriptor, or -1 with errno. */
int run_directory_connect(const char *instance, const char *file, int type);

/**
 * run_directory_list: list the names of the instances that answer, sorted. Removes directories whose lock nobody holds:
 * their instances are gone. The caller owns the array and its strings.
 */
GPtrArray *run_directory_list(void);
