/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "tests/unit/oci/device-rules.h"

gint64 number_of(JsonValue *object, const char *name)
{
    uint64_t number;

    return json_uint_get(json_member(object, name), &number) ? (gint64)number : ANY;
}

Rule rule_of(JsonValue *rules, guint i)
{
    JsonValue *object = json_element_object(rules, i);
    const char *type = json_member_string(object, "type");

    return (Rule){
        .allow = g_str_equal(json_token(json_member(object, "allow")), "true"),
        .type = type ? type[0] : 'a',
        .major_no = number_of(object, "major"),
        .minor_no = number_of(object, "minor"),
        .access = json_member_string(object, "access"),
    };
}

static bool covers(const Rule *rule, char type, gint64 major_no, gint64 minor_no,
                   const char *access)
{
    return (rule->type == 'a' || rule->type == type) &&
           (rule->major_no == ANY || rule->major_no == major_no) &&
           (rule->minor_no == ANY || rule->minor_no == minor_no) &&
           strspn(access, rule->access) == strlen(access);
}

bool allowed_by_crun(JsonValue *rules, char type, gint64 major_no, gint64 minor_no,
                     const char *access)
{
    for (guint i = json_length(rules); i-- > 0;) {
        Rule rule = rule_of(rules, i);
        if (covers(&rule, type, major_no, minor_no, access)) {
            return rule.allow;
        }
    }
    return false;
}

/*
 * Like the kernel's device controller, runc lets a rule about all devices replace the rules before it. Other rules are
 * exceptions from it, and an exception that is withdrawn must not be part of a wider one.
 */
bool allowed_by_runc(JsonValue *rules, char type, gint64 major_no, gint64 minor_no,
                     const char *access)
{
    g_autoptr(GArray) exceptions = g_array_new(FALSE, FALSE, sizeof(Rule));
    bool allow = false;

    for (guint i = 0; i < json_length(rules); i++) {
        Rule rule = rule_of(rules, i);
        if (rule.type == 'a') {
            allow = rule.allow;
            g_array_set_size(exceptions, 0);
        } else if (rule.allow != allow) {
            g_array_append_val(exceptions, rule);
        } else {
            for (guint e = exceptions->len; e-- > 0;) {
                const Rule *other = &g_array_index(exceptions, Rule, e);
                bool same = other->type == rule.type && other->major_no == rule.major_no &&
                            other->minor_no == rule.minor_no;
                cr_assert(same || other->type != rule.type ||
                              !strpbrk(other->access, rule.access) ||
                              !((other->major_no == ANY || other->major_no == rule.major_no) &&
                                (other->minor_no == ANY || other->minor_no == rule.minor_no)),
                          "runc refuses rule %u", i);
                if (same) {
                    g_array_remove_index(exceptions, e);
                }
            }
        }
    }
    for (guint e = 0; e < exceptions->len; e++) {
        if (covers(&g_array_index(exceptions, Rule, e), type, major_no, minor_no, access)) {
            return !allow;
        }
    }
    return allow;
}
