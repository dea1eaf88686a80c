/* SPDX-License-Identifier: Apache-2.0 */
/* Shows how much of the GPUs' time instances may use to people. */
#pragma once

#include <json-glib/json-glib.h>

/**
 * time_text: (transfer full): write an instance's weight and cap: "400", "20%", "400,20%", "-" for neither; or "paused".
 * @instance: what the instance reports about itself
 */
char *time_text(JsonObject *instance);
