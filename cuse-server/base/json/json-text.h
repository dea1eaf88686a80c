/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON documents: read without leniency, and written as they were read.
 *
 * A document goes on to readers that are not ours: runc's (Go), crun's (C). It is refused where they
 * could read something else than we do, although each of them takes it.
 */
#pragma once

#include "cuse-server/base/json/json-value.h"

/**
 * JSON_TEXT_ERROR: why a document is refused. The message names line and column.
 * @SYNTAX: it is not JSON (RFC 8259); comments, NaN, a byte order mark and leading zeros are not
 * @TRAILING: something follows the document; Go does not look at it
 * @ENCODING: it is not UTF-8; Go reads U+FFFD for what is not
 * @ESCAPE: half a surrogate pair (Go: U+FFFD, yajl: '?'), or \u0000, where C's strings end
 * @DUPLICATE: a key twice in one object; yajl's users take the first, Go the last or both
 * @DEPTH: too many arrays and objects in each other
 * @KIND: it is not an object
 */
typedef enum {
    JSON_TEXT_ERROR_SYNTAX,
    JSON_TEXT_ERROR_TRAILING,
    JSON_TEXT_ERROR_ENCODING,
    JSON_TEXT_ERROR_ESCAPE,
    JSON_TEXT_ERROR_DUPLICATE,
    JSON_TEXT_ERROR_DEPTH,
    JSON_TEXT_ERROR_KIND,
} JsonTextError;

#define JSON_TEXT_ERROR (json_text_error_quark())
GQuark json_text_error_quark(void);

/** json_text_parse: read an object. @length: -1 if @text ends with a NUL byte. Returns it, or NULL
 * with @error. The caller unrefs it. */
JsonValue *json_text_parse(const char *text, gssize length, GError **error);

/** json_text_write: the document; the caller frees it. Of what was read and not changed it is the
 * same text without the space between tokens. */
char *json_text_write(const JsonValue *value);

/** json_text_pretty: the same with a line for each value, for people. */
char *json_text_pretty(const JsonValue *value);
