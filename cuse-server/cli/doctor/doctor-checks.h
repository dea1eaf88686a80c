/* SPDX-License-Identifier: Apache-2.0 */
/* What `nvcuse doctor` looks at, one function for each thing. */
#pragma once

#include <glib.h>

/** FindingLevel: @FINDING_WARNING: instances run, but something will not work or is not walled off */
typedef enum { FINDING_OK, FINDING_WARNING, FINDING_PROBLEM } FindingLevel;

/**
 * Finding: what a check found.
 * @text: (transfer full): what there is
 * @advice: (transfer full): what to do about it; NULL where all is well
 */
typedef struct {
    FindingLevel level;
    char *text;
    char *advice;
} Finding;

/** DoctorCheck: @name: one word, for machines too */
typedef struct {
    const char *name;
    Finding (*look)(void);
} DoctorCheck;

/** doctor_kernel_checks, doctor_host_checks: @n is set to their number. */
const DoctorCheck *doctor_kernel_checks(size_t *n);
const DoctorCheck *doctor_host_checks(size_t *n);

/** finding: make one; both texts are taken. */
static inline Finding finding(FindingLevel level, char *text, char *advice)
{
    return (Finding){level, text, advice};
}

static inline Finding finding_ok(const char *text)
{
    return finding(FINDING_OK, g_strdup(text), NULL);
}
