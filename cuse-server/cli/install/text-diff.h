/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/**
 * text_diff: show what changes between two texts, as diff -u does: lines that go begin with '-', lines that come with '+',
 * with up to three lines around them that stay. Returns an empty text if nothing changes. The caller frees it.
 */
char *text_diff(const char *old, const char *new_text);
