/* SPDX-License-Identifier: Apache-2.0 */
/* The log that an engine has its runtime write. */
#pragma once

#include "cuse-server/oci/runtime/runtime-args.h"

/**
 * runtime_log: add an entry to the log of --log, in the form of --log-format. Engines show what the runtime wrote
 * there, not what it said. Does nothing without --log, or if it is no file.
 * @level: "error" or "warning"
 * @message: a visible line
 */
void runtime_log(const RuntimeArgs *args, const char *level, const char *message);
