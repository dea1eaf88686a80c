/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program of the runtime can do, asked of itself.
 *
 * The program is the one that nvcuse-runtime becomes afterwards, so nothing of the bundle's chooses
 * what is started. It gets no descriptor, no directory and no variable of the caller's.
 */
#pragma once

#include <stdbool.h>

enum { RUNTIME_PROGRAM_MS = 5000 }; /* an answer takes 10; a machine may be busy */

/**
 * runtime_program_waits_killable: does it take OCI_SECCOMP_WAIT_KILLABLE in a seccomp profile?
 * @path: absolute
 * @limit_ms: how long to wait for an answer
 *
 * crun takes it since 1.6. runc takes it since 1.5, where its libseccomp (2.6) and the kernel do.
 * Returns: false as well for any other program (runtime_syntax_of()), and without an answer.
 */
bool runtime_program_waits_killable(const char *path, int limit_ms);
