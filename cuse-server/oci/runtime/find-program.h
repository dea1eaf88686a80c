/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/**
 * find_program: find a program by its name, so that root may safely run it.
 * @name: if it contains a slash, a path, which is taken as it is. Otherwise it is looked for in
 *     those directories of PATH that are absolute. An empty or relative directory would lie in the
 *     working directory, which for an engine may be a container's. GLib's own search also uses the
 *     working directory if there is no PATH, so it is not used here.
 * Returns: (transfer full): an absolute path, or NULL.
 */
char *find_program(const char *name);
