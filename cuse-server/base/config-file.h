/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a key file with one group (GKeyFile's syntax) strictly. A misspelt or repeated key is an error that
 * names the file and the line: otherwise somebody might rely on an option that is silently ignored.
 */
#pragma once

#include <glib.h>

typedef struct ConfigFile ConfigFile;

/**
 * config_file_read: read a file.
 * @group: the only group it may have
 * @keys: the keys it may have, NULL-terminated; they outlive the file
 * @error: "PATH:LINE: what is wrong; did you mean 'KEY'?"
 */
ConfigFile *config_file_read(const char *path, const char *group, const char *const *keys,
                             GError **error);

/**
 * config_file_get: get the value of a key. Returns NULL if the file does not have the key. The caller frees the value.
 * @origin: (out) (optional) (transfer full): "PATH:LINE", for messages; NULL if there is no value
 */
char *config_file_get(const ConfigFile *file, const char *key, char **origin);

void config_file_free(ConfigFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ConfigFile, config_file_free)
