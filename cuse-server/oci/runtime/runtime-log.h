/* SPDX-License-Identifier: Apache-2.0 */
/* Writes to the log that an engine asks its runtime to write. */
#pragma once

#include "cuse-server/oci/runtime/runtime-args.h"

/**
 * runtime_log: add an entry to the log of --log, in the form of --log-format. Engines show what the runtime wrote to
 * this log, not what it wrote to standard error. Does nothing without --log, or if the log is not a file.
 * @level: "error" or "warning"
 * @message: a visible line
 */
void runtime_log(const RuntimeArgs *args, const char *level, const char *message);
