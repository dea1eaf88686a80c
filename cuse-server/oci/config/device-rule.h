/* SPDX-License-Identifier: Apache-2.0 */
/* One rule of a container's device control group (OCI: linux.resources.devices): read, and written. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "cuse-server/base/json/json-value.h"

/** DEVICE_RULE_ANY: in place of a number that a rule does not give. */
enum { DEVICE_RULE_ANY = -1 };

/** Access: one bit for each letter of a rule. */
enum { ACCESS_READ = 1, ACCESS_WRITE = 2, ACCESS_MAKE = 4, ACCESS_OPEN = 3, ACCESS_ALL = 7 };

/**
 * DeviceRule: a rule, as both runtimes understand it.
 * @type: 'a' all devices, 'b' or 'c'
 * @major_no, @minor_no: DEVICE_RULE_ANY if the rule does not give the number
 * @access: ACCESS_*
 * @object: the engine's own rule; NULL if nvcuse made the rule
 */
typedef struct {
    bool allow;
    char type;
    int64_t major_no;
    int64_t minor_no;
    unsigned access;
    JsonValue *object;
} DeviceRule;

/**
 * device_rule_read: read a rule that both runtimes understand alike, and refuse any other.
 * @object: the engine's rule; NULL is refused
 * @i: its index in the list, for the error's text
 * @rule: set to what was read. It borrows @object
 * Returns: false with @error if a runtime could understand the rule differently.
 */
bool device_rule_read(JsonValue *object, guint i, DeviceRule *rule, GError **error);

/** device_rule_text: write a rule as people do: "c 195:* rw". The caller frees the text. */
char *device_rule_text(const DeviceRule *rule);

/** device_rule_denies_everything: check whether a rule denies every access to every device. */
bool device_rule_denies_everything(const DeviceRule *rule);

/**
 * device_rules_list: make OCI's list of rules. The engine's own rules are written as they were read.
 * @rules: (element-type DeviceRule)
 * Returns: an array, which the caller unrefs.
 */
JsonValue *device_rules_list(const GArray *rules);
