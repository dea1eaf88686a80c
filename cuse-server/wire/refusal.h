/* SPDX-License-Identifier: Apache-2.0 */
/* Reasons why a call was not forwarded. Each has a word for logs and a sentence for people. */
#pragma once

#include <stdbool.h>

/**
 * Refusal: the reason why a call was answered without reaching the host.
 * The columns of counters have the same order. Add new reasons at the end.
 */
typedef enum {
    REFUSAL_NONE = 0,
    REFUSAL_UNKNOWN_IOCTL,
    REFUSAL_UNKNOWN_CONTROL,
    REFUSAL_UNKNOWN_CLASS,
    REFUSAL_CAPABILITY,
    REFUSAL_SIZE,
    REFUSAL_BAD_FD,
    REFUSAL_BAD_POINTER,
    REFUSAL_BAD_CLIENT,
    REFUSAL_TOO_LARGE,
    REFUSAL_BY_DESIGN,
    REFUSAL_COMPAT,
    REFUSAL_UNKNOWN_FUNCTION,
    REFUSAL_NOT_SHARED,
    REFUSAL_LIMIT,
    REFUSAL_GONE,
    REFUSAL_NEEDS_CALLER,
    REFUSAL_MAP,
    REFUSAL_NOT_OPENER,
    REFUSAL_QUOTA,
    REFUSAL_COUNT,
} Refusal;

/** refusal_name: the reason as one hyphenated word, for example "unknown-ioctl". */
const char *refusal_name(Refusal refusal);

/** refusal_parse: find the reason with this name. Returns false if there is no such reason. */
bool refusal_parse(const char *name, Refusal *refusal);

/** refusal_explanation: one sentence that says what the reason means and what an operator can do. */
const char *refusal_explanation(Refusal refusal);
