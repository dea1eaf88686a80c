/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/**
 * find_program: a program that root may run by its name.
 * @name: with a slash: a path, as it is; else a name, which is looked for in those directories of
 *     PATH that are absolute. An empty or relative one would be in the working directory, for an
 *     engine that of a container; likewise GLib's search where there is no PATH.
 * Returns: (transfer full): an absolute path, or NULL.
 */
char *find_program(const char *name);
