/* SPDX-License-Identifier: Apache-2.0 */
/* Why a call was not forwarded: one word for a log, one sentence for a person. */
#pragma once

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
    REFUSAL_COUNT,
} Refusal;

/** refusal_name: the reason as one hyphenated word, for example "unknown-ioctl". */
const char *refusal_name(Refusal refusal);

/** refusal_explanation: what it means and what an operator can do, one sentence. */
const char *refusal_explanation(Refusal refusal);
