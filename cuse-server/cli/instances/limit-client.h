/* SPDX-License-Identifier: Apache-2.0 */
/* Changes the limits of a running instance, for the commands limit, pause and resume. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/wire/quota/limit-request.h"

/**
 * limit_client_change: ask an instance for other limits, and wait until its worker follows those that are not looked at with
 * each allocation: share, cap, pause. Only root is allowed to.
 * Returns: false with @error. If the instance has taken the request, and the worker has not followed it within some seconds, @error
 * says so.
 */
bool limit_client_change(const char *name, const LimitRequest *request, GError **error);
