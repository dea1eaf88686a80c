/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replaces the config.json of a bundle while a runtime needs to read it.
 *
 * The engine's file is kept beside nvcuse's. The container's first hook puts it back: by then the
 * runtimes have read what they need. If that hook never runs, the instance puts it back when it
 * ends. Until then the bundle contains additional files; afterwards it is as it was.
 */
#pragma once

#include "cuse-server/base/json/json-value.h"

/** oci_bundle_load: read the engine's config.json. If nvcuse's was left in its place, put the
 * engine's back first. Returns NULL with @error; G_FILE_ERROR_NOENT: there is no such file;
 * JSON_TEXT_ERROR, OCI_SCHEMA_ERROR: runtimes could read it differently. The caller unrefs the
 * result. */
JsonValue *oci_bundle_load(const char *bundle, GError **error);

/** oci_bundle_load_file: read any such file, as it is. Errors and result as of
 * oci_bundle_load(). */
JsonValue *oci_bundle_load_file(const char *path, GError **error);

/**
 * oci_bundle_exchange: put @config in the place of the engine's config.json, with that file's owner
 * and mode. The exchange is atomic: a crash leaves one file or the other.
 *
 * Before that, the new text is parsed again. Nothing is exchanged unless the text parses to
 * @config, and unless all parts that nvcuse must not change are as the engine wrote them
 * (oci_compare()).
 */
bool oci_bundle_exchange(const char *bundle, const JsonValue *config, GError **error);

/** oci_bundle_restore: put the engine's config.json back, if it is not there already. */
bool oci_bundle_restore(const char *bundle, GError **error);
