/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that the broker may still make once its instance serves. */
#pragma once

#include <stdbool.h>

#include <glib.h>

/**
 * broker_filter_install: install the broker's system call filter. From then on the broker may make only the system calls
 * that it needs to serve and to end; any other call kills it. It can no longer start a process or execute a program.
 */
bool broker_filter_install(GError **error);

/** broker_filter_text: (transfer full): return the filter as text, as syscall_filter_text() writes it. */
char *broker_filter_text(void);
