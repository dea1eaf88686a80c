/* SPDX-License-Identifier: Apache-2.0 */
/* How runtimes read device rules. */
#pragma once

#include <stdbool.h>

#include "cuse-server/base/json/json-text.h"

enum { ANY = -1 };

/** Rule: one rule of "linux.resources.devices". */
typedef struct {
    bool allow;
    char type;
    gint64 major_no;
    gint64 minor_no;
    const char *access;
} Rule;

/** number_of: a member that is a number. Returns: ANY if it is none. */
gint64 number_of(JsonValue *object, const char *name);

/** rule_of: rule @i of a list. Its text belongs to @rules. */
Rule rule_of(JsonValue *rules, guint i);

/** allowed_by_crun: whether crun, with the unified hierarchy, allows an access: the last rule that covers it decides. */
bool allowed_by_crun(JsonValue *rules, char type, gint64 major_no, gint64 minor_no,
                     const char *access);

/** allowed_by_runc: whether runc allows it. A list that runc refuses fails the test. */
bool allowed_by_runc(JsonValue *rules, char type, gint64 major_no, gint64 minor_no,
                     const char *access);
