/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/**
 * visible_line: make text that may come from a guest fit for one line of a log or a terminal.
 *
 * Replaces everything that is not a visible character by an escape sequence: control characters and line
 * ends (\n, \t, \r, others as \u001b), characters that change the direction or the look of their
 * neighbours, and bytes that are not UTF-8 (\xff). Doubles each backslash, so that text cannot pretend
 * to have been escaped.
 *
 * Returns: (transfer full).
 */
char *visible_line(const char *text);
