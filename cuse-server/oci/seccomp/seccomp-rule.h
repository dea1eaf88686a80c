/* SPDX-License-Identifier: Apache-2.0 */
/* One rule of a container's seccomp profile (OCI: linux.seccomp.syscalls): read, and made anew for one system call. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/base/json/json-value.h"
#include "cuse-server/oci/seccomp/value-cubes.h"

/** SECCOMP_NOTIFY: the action that sends a call to the listener. */
#define SECCOMP_NOTIFY "SCMP_ACT_NOTIFY"

/** seccomp_lets_through: check whether an action lets the call through. @action: may be NULL */
bool seccomp_lets_through(const char *action);

/** seccomp_rule_names: check whether a rule is for the call @name. */
bool seccomp_rule_names(JsonValue *rule, const char *name);

/** seccomp_rule_closes: check whether a rule refuses the call @name without comparing arguments. Then the broker need
 * not be asked. */
bool seccomp_rule_closes(JsonValue *rule, const char *name);

/** seccomp_rule_copy: copy a rule, for the call @name only and without its comparisons. The caller unrefs the copy. */
JsonValue *seccomp_rule_copy(JsonValue *rule, const char *name);

/**
 * seccomp_rule_new: make a rule for one call from another rule.
 * @rule: its comparisons of other arguments than @argument are kept
 * @action: the new rule's
 * @name: the call
 * @argument: number of the watched argument
 * @cube: the values of the watched argument for which the new rule is
 * Returns: the rule, which the caller unrefs.
 */
JsonValue *seccomp_rule_new(JsonValue *rule, const char *action, const char *name,
                            unsigned argument, Cube cube);

/** seccomp_rule_refuse: set the error of a rule for the call @name that cannot be merged. @why: the end of the sentence
 * that begins "its rule for NAME".
 * Returns false. */
bool seccomp_rule_refuse(const char *name, const char *why, GError **error);

/**
 * seccomp_rule_cube: find the values of an argument to which a rule applies.
 * @name: the call, for the error's text
 * @argument: number of the watched argument
 * @cube: set to the values; to all values if the rule does not compare the argument
 * Returns: false with @error if the rule's comparisons cannot be read, or cannot be split.
 */
bool seccomp_rule_cube(JsonValue *rule, const char *name, unsigned argument, Cube *cube,
                       GError **error);
