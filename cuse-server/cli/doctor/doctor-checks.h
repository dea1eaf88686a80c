/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of `nvcuse doctor`, one function for each. */
#pragma once

#include <glib.h>

/** FindingLevel: @FINDING_WARNING: instances run, but something does not work or is not isolated */
typedef enum { FINDING_OK, FINDING_WARNING, FINDING_PROBLEM } FindingLevel;

/**
 * Finding: the result of a check.
 * @text: (transfer full): what the check found
 * @advice: (transfer full): what to do about it; NULL if nothing has to be done
 */
typedef struct {
    FindingLevel level;
    char *text;
    char *advice;
} Finding;

/** DoctorCheck: one check. @name: one word, for machines too */
typedef struct {
    const char *name;
    Finding (*look)(void);
} DoctorCheck;

/** doctor_kernel_checks, doctor_host_checks: get the checks. @n is set to their number. */
const DoctorCheck *doctor_kernel_checks(size_t *n);
const DoctorCheck *doctor_host_checks(size_t *n);

/** finding: make a finding. Takes ownership of both texts. */
static inline Finding finding(FindingLevel level, char *text, char *advice)
{
    return (Finding){level, text, advice};
}

static inline Finding finding_ok(const char *text)
{
    return finding(FINDING_OK, g_strdup(text), NULL);
}
