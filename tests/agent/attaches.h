/* SPDX-License-Identifier: Apache-2.0 */
/* Debuggers that attach to a program that has mapped device memory, and detach again. */
#pragma once

/** attaches: attach to every thread, and to one alone, with the right to do so and without it. */
void attaches(void);

/** attached: what the program can do while it is held. Not the same natively. */
void attached(void);
