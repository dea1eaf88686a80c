/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file with an engine's configuration. It changes in one step: others see the old text or the new one, and nothing
 * in between, whenever the machine stops.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include <glib.h>

/**
 * EngineFile: a configuration, as it was when it was read.
 * @path: the file; if the path that was given is a link, what it leads to
 * @beside: what other files that belong to it are called, without their suffix
 * @backup_path: where the text from before nvcuse's first edit is kept
 * @text: NULL if there is no file
 * @backup: the text in @backup_path; NULL if there is none
 * @status: owner and mode
 */
typedef struct {
    char *path;
    char *beside;
    char *backup_path;
    char *text;
    char *backup;
    struct stat status;
} EngineFile;

/** engine_file_read: read a configuration. A file that is not there is no error. Returns NULL with an @error that names
 * the path: not a file, not text in UTF-8, a link to nothing. */
EngineFile *engine_file_read(const char *path, GError **error);

/** EngineFileProof: checks a file before it takes the configuration's place. Returns false with @error. */
typedef bool (*EngineFileProof)(const char *path, gpointer data, GError **error);

/**
 * engine_file_write: replace the configuration, and keep its owner and mode. Missing directories are created.
 * @keep_old: keep the old text as the backup
 * @proof: (nullable): called with the path of a file beside, which has the new text
 * Returns false with @error. The configuration is then as it was.
 */
bool engine_file_write(const EngineFile *file, const char *text, bool keep_old,
                       EngineFileProof proof, gpointer data, GError **error);

/** engine_file_remove, engine_file_remove_backup: remove the configuration, or the backup. Return false with @error. */
bool engine_file_remove(const EngineFile *file, GError **error);
bool engine_file_remove_backup(const EngineFile *file, GError **error);

void engine_file_free(EngineFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EngineFile, engine_file_free)
