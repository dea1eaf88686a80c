/* SPDX-License-Identifier: Apache-2.0 */
/* Asks all instances that run on this host. */
#pragma once

#include <json-glib/json-glib.h>

/**
 * instance_list: (transfer full): ask all instances to describe themselves. Leaves out, with a message, an instance that does not
 * answer: it may just end.
 * @command: begins the messages: "nvcuse ps"
 * Returns: an array of JsonObject, in the order of the names
 */
GPtrArray *instance_list(const char *command);
