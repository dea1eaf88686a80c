/* SPDX-License-Identifier: Apache-2.0 */
/* Why a call was not forwarded: one word for a log, one sentence for a person. */
#pragma once

#include <stdbool.h>

/**
 * Refusal: the reason a call was answered without reaching the host.
 * The order is that of the columns of counters; add at the end.
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
    REFUSAL_COUNT,
} Refusal;

/** refusal_name: the reason as one hyphenated word, for example "unknown-ioctl". */
const char *refusal_name(Refusal refusal);

/** refusal_parse: the reason that has this name; false if none has. */
bool refusal_parse(const char *name, Refusal *refusal);

/** refusal_explanation: what it means and what an operator can do, one sentence. */
const char *refusal_explanation(Refusal refusal);
