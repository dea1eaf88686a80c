/* SPDX-License-Identifier: Apache-2.0 */
/* A timer whose handler has no SA_RESTART: a call that a signal interrupts fails. */
#pragma once

#include <sys/types.h>

/** busy_timer_set: send a signal every @every microseconds from now on; 0: stop. */
void busy_timer_set(suseconds_t every);

/** busy_timer_signals: Returns: how many signals have been handled. */
unsigned busy_timer_signals(void);
