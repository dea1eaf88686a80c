/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The config.json of a bundle, exchanged for as long as a runtime needs to read it.
 *
 * The file that the engine wrote is kept beside ours and put back by the container's first hook, by
 * when runtimes have read what they were to read; or, if it does not come to that, by the instance
 * when it ends. Until then there is a second file in the bundle; afterwards it is as it was.
 */
#pragma once

#include "cuse-server/base/json/json-value.h"

/** oci_bundle_load: the engine's config.json, even where ours was left in its place. Returns NULL
 * with @error; G_FILE_ERROR_NOENT: there is none; JSON_TEXT_ERROR, OCI_SCHEMA_ERROR: runtimes could
 * read it differently. The caller unrefs it. */
JsonValue *oci_bundle_load(const char *bundle, GError **error);

/** oci_bundle_load_file: any such file, as it is. */
JsonValue *oci_bundle_load_file(const char *path, GError **error);

/**
 * oci_bundle_exchange: put @config in the place of the engine's, with its owner and mode, in one step
 * that a crash does not halve.
 *
 * The text is read again first, and nothing is exchanged unless it is @config, and unless all that
 * nvcuse has no business with is as the engine wrote it (oci_compare()).
 */
bool oci_bundle_exchange(const char *bundle, const JsonValue *config, GError **error);

/** oci_bundle_restore: put the engine's back, if it is not there already. */
bool oci_bundle_restore(const char *bundle, GError **error);
