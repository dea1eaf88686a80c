/* SPDX-License-Identifier: Apache-2.0 */
/* Prepares `update`: it may give a container new limits, but no new device rules. */
#pragma once

#include <stdbool.h>

#include "cuse-server/oci/runtime/runtime-args.h"

/**
 * runtime_update_prepare: make the runtime read new limits without device rules (oci_update_close()), from its
 * standard input. Does nothing if the limits are given as options.
 * @args: of an update; changed
 * @dropped: set to whether there were device rules
 * Returns: false with @error if the limits cannot be read, or if runtimes could read them differently.
 */
bool runtime_update_prepare(RuntimeArgs *args, RuntimeSyntax syntax, bool *dropped, GError **error);
