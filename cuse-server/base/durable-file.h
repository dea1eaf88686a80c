/* SPDX-License-Identifier: Apache-2.0 */
/* Writes files that are on the disk before anybody sees them under their final name. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include <glib.h>

/**
 * durable_file_write: write a new file with the owner and mode of @like. It is on the disk when this returns. A file that
 * is there under this name, or a link, is removed first.
 * Returns false with @error, which names the path.
 */
bool durable_file_write(const char *path, const char *text, const struct stat *like,
                        GError **error);

/** durable_file_sync_directory: flush a directory's entries to the disk, after a rename. Returns false with @error. */
bool durable_file_sync_directory(const char *path, GError **error);
