/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A position in a JSON document, and the reading of what has no parts: numbers, words, strings (json-text.c reads the
 * rest). There is one function for each rule of RFC 8259's grammar. It starts at the first character of the rule's text
 * and leaves the cursor behind the last.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/base/json/json-text.h"
#include "cuse-server/base/json/json-value.h"

/**
 * JsonCursor: a position in a document.
 * @at: the next character
 * @end: behind the last character
 * @depth: number of arrays and objects around it
 */
typedef struct {
    const char *start;
    const char *at;
    const char *end;
    unsigned depth;
    GError **error;
} JsonCursor;

/** json_cursor_fail: set an error whose message names the cursor's position. Returns NULL. */
void *json_cursor_fail(const JsonCursor *cursor, JsonTextError code, const char *what);

/** json_cursor_is_next: check whether the next character is @c. */
bool json_cursor_is_next(const JsonCursor *cursor, char c);

/** json_cursor_take: go on behind the next character if it is @c. Returns false if it is not. */
bool json_cursor_take(JsonCursor *cursor, char c);

/** json_cursor_skip_space: go on behind space. */
void json_cursor_skip_space(JsonCursor *cursor);

/**
 * json_cursor_read_number, json_cursor_read_string, json_cursor_read_word: read a value. A number starts with '-' or a
 * digit, and a string with a quote; the caller has checked that. A word is true, false or null.
 * Return: the value, which the caller unrefs, or NULL with @error.
 */
JsonValue *json_cursor_read_number(JsonCursor *cursor);
JsonValue *json_cursor_read_string(JsonCursor *cursor);
JsonValue *json_cursor_read_word(JsonCursor *cursor);
