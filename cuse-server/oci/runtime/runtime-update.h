/* SPDX-License-Identifier: Apache-2.0 */
/* `update`: new limits for a container, but no new device rules. */
#pragma once

#include <stdbool.h>

#include "cuse-server/oci/runtime/runtime-args.h"

/**
 * runtime_update_prepare: have the runtime read new limits without device rules (oci_update_close()), as its
 * standard input. Does nothing if the limits are options.
 * @args: of an update; changed
 * @dropped: set to whether there were device rules
 * Returns: false with @error if they cannot be read, or could be read differently.
 */
bool runtime_update_prepare(RuntimeArgs *args, RuntimeSyntax syntax, bool *dropped, GError **error);
