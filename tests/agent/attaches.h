/* SPDX-License-Identifier: Apache-2.0 */
/* Debuggers that attach to a program which has mapped device memory, and let go of it again. */
#pragma once

/** attaches: to every thread that there is, and to one alone; by whoever may, and by whoever may not. */
void attaches(void);

/** attached: what the program can do while it is held. Not the same natively. */
void attached(void);
