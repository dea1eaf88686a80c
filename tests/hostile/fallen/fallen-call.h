/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that a fallen worker makes at the word of a test, inside its own filter. */
#pragma once

/**
 * fallen_call: make the call that @text describes, and say on standard error, after @word, how it ended: "ok", or an errno.
 * A call that the filter punishes ends the process before anything is said.
 *
 * @text: "NAME:ARGUMENT..."; an argument is a number, or "=TEXT" for the address of that text, or "page" for that of a page
 *     of memory that can be read and written
 */
void fallen_call(const char *word, const char *text);
