/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads JSON documents strictly, and writes them as they were read.
 *
 * Other programs read the document after us: runc (Go) and crun (C). A document that they would accept, but might
 * read differently than we do, is refused.
 */
#pragma once

#include "cuse-server/base/json/json-value.h"

/**
 * JSON_TEXT_ERROR: the reasons to refuse a document. The message names line and column.
 * @SYNTAX: it is not JSON (RFC 8259); comments, NaN, a byte order mark and leading zeros are not
 * @TRAILING: something follows the document; Go does not look at it
 * @ENCODING: it is not UTF-8; Go reads U+FFFD in place of bytes that are not UTF-8
 * @ESCAPE: half a surrogate pair (Go reads U+FFFD, yajl '?'), or \u0000, which ends a string in C
 * @DUPLICATE: an object has a key twice; yajl's users take the first, Go the last or both
 * @DEPTH: arrays and objects are nested too deep
 * @KIND: the document is not an object
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

/** json_text_parse: read a document that is an object. @length: -1 if @text ends with a NUL byte. Returns the object,
 * or NULL with @error. The caller unrefs it. */
JsonValue *json_text_parse(const char *text, gssize length, GError **error);

/** json_text_write: write a document. The caller frees the text. A value that was read and not changed is written as the
 * same text, without the space between tokens. */
char *json_text_write(const JsonValue *value);

/** json_text_pretty: as json_text_write(), with one line for each value, for people. */
char *json_text_pretty(const JsonValue *value);
