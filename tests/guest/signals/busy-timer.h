/* SPDX-License-Identifier: Apache-2.0 */
/* A timer whose handler has no SA_RESTART: a call that a signal interrupts fails. */
#pragma once

#include <sys/types.h>

/** busy_timer_set: a signal every so many microseconds from now on; 0: none. */
void busy_timer_set(suseconds_t every);

/** busy_timer_signals: how many have been handled. */
unsigned busy_timer_signals(void);
