/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the runtime's program what it can do.
 *
 * The program is the one that nvcuse-runtime becomes afterwards, so nothing in the bundle chooses
 * which program is started. The program gets no descriptor, directory or variable of the caller's.
 */
#pragma once

#include <stdbool.h>

enum { RUNTIME_PROGRAM_MS = 5000 }; /* an answer takes 10 ms, but a machine may be busy */

/**
 * runtime_program_waits_killable: does the program accept OCI_SECCOMP_WAIT_KILLABLE in a seccomp
 * profile?
 * @path: absolute
 * @limit_ms: how long to wait for an answer
 *
 * crun accepts it since 1.6. runc accepts it since 1.5, if its libseccomp (2.6) and the kernel do.
 * Returns: true or false. Also false for any other program (runtime_syntax_of()), and without an
 * answer.
 */
bool runtime_program_waits_killable(const char *path, int limit_ms);
