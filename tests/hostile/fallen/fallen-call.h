/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that a test has a fallen worker make, under the worker's own filter. */
#pragma once

/**
 * fallen_call: make the call that @text describes, and write the result to standard error, after @word: "ok", or an errno. A
 * call that the filter punishes ends the process before there is a result.
 *
 * @text: "NAME:ARGUMENT..."; an argument is a number, or "=TEXT" for the address of that text, or "page" for the address of
 *     a page of memory that can be read and written
 */
void fallen_call(const char *word, const char *text);
