/* SPDX-License-Identifier: Apache-2.0 */
/* Signals as main loop events. */
#pragma once

#include <stdbool.h>

#include <glib.h>

/** SignalFunc: @number arrived; @from_terminal: the kernel sent it to the whole foreground group.
 */
typedef void (*SignalFunc)(int number, bool from_terminal, gpointer data);

/**
 * signals_watch: block the signals that end, pause or poke a program, in this thread and all that
 * it starts, and call @func for each from the default main loop. Call it before starting threads.
 */
void signals_watch(SignalFunc func, gpointer data);
