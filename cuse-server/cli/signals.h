/* SPDX-License-Identifier: Apache-2.0 */
/* Delivers signals as events of the main loop. */
#pragma once

#include <stdbool.h>

#include <glib.h>

/** SignalFunc: handles a signal. @from_terminal: the kernel sent the signal to the whole foreground process group. */
typedef void (*SignalFunc)(int number, bool from_terminal, gpointer data);

/**
 * signals_watch: block the signals that end, pause or notify a program, in this thread and in all threads that
 * it starts. Calls @func for each signal from the default main loop. Call it before starting threads.
 */
void signals_watch(SignalFunc func, gpointer data);
