/* SPDX-License-Identifier: Apache-2.0 */
/* Shows what instances report about memory to people. */
#pragma once

#include <json-glib/json-glib.h>

/** memory_amount: (transfer full): write an amount with at most one digit after the point: "1.5G". */
char *memory_amount(gint64 bytes);

/**
 * memory_sum: (transfer full): write what an instance's guests hold on all GPUs, and how much they may hold if each GPU has a limit:
 * "1.5G/20G", "1.5G".
 * @instance: what the instance reports about itself
 */
char *memory_sum(JsonObject *instance);

/** memory_pinned: (transfer full): the same for the host's memory. */
char *memory_pinned(JsonObject *instance);
