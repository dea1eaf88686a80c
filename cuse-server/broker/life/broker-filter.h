/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that the broker may still make once its instance serves. */
#pragma once

#include <stdbool.h>

#include <glib.h>

/**
 * broker_filter_install: from here on, any call but those of serving and of coming to an end kills
 * the broker. It can start no process any more, and execute nothing.
 */
bool broker_filter_install(GError **error);

/** broker_filter_text: (transfer full): the filter in words, as syscall_filter_text(). */
char *broker_filter_text(void);
