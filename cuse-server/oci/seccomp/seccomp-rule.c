/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/seccomp/seccomp-rule.h"

#include <gio/gio.h>

bool seccomp_lets_through(const char *action)
{
    return g_strcmp0(action, "SCMP_ACT_ALLOW") == 0 || g_strcmp0(action, "SCMP_ACT_LOG") == 0 ||
           g_strcmp0(action, "SCMP_ACT_TRACE") == 0;
}

bool seccomp_rule_names(JsonValue *rule, const char *name)
{
    return json_has_string(json_member_array(rule, "names"), name);
}

JsonValue *seccomp_rule_copy(JsonValue *rule, const char *name)
{
    JsonValue *copy = json_copy(rule);
    JsonValue *names = json_new_array();

    json_append_string(names, name);
    json_set(copy, "names", names);
    json_remove_member(copy, "args");
    return copy;
}

bool seccomp_rule_closes(JsonValue *rule, const char *name)
{
    JsonValue *args = json_member_array(rule, "args");

    return seccomp_rule_names(rule, name) &&
           !seccomp_lets_through(json_member_string(rule, "action")) &&
           (!args || json_length(args) == 0);
}

JsonValue *seccomp_rule_new(JsonValue *rule, const char *action, const char *name,
                            unsigned argument, Cube cube)
{
    JsonValue *copy = seccomp_rule_copy(rule, name);
    JsonValue *old = json_member_array(rule, "args");
    JsonValue *args = json_new_array();

    for (guint i = 0; i < json_length(old); i++) {
        JsonValue *arg = json_element_object(old, i);
        uint64_t index = UINT64_MAX;
        if (arg && json_uint_get(json_member(arg, "index"), &index) && index != argument) {
            json_append(args, json_copy(json_element(old, i)));
        }
    }
    if (cube.mask) {
        JsonValue *arg = json_new_object();
        json_set(arg, "index", json_new_uint(argument));
        if (cube.mask == UINT64_MAX) {
            json_set(arg, "value", json_new_uint(cube.value));
            json_set_string(arg, "op", "SCMP_CMP_EQ");
        } else {
            json_set(arg, "value", json_new_uint(cube.mask));
            json_set(arg, "valueTwo", json_new_uint(cube.value));
            json_set_string(arg, "op", "SCMP_CMP_MASKED_EQ");
        }
        json_append(args, arg);
    }
    json_set_string(copy, "action", action);
    if (g_str_equal(action, SECCOMP_NOTIFY)) {
        json_remove_member(copy, "errnoRet");
    }
    if (json_length(args)) {
        json_set(copy, "args", args);
    } else {
        json_unref(args);
    }
    return copy;
}

bool seccomp_rule_refuse(const char *name, const char *why, GError **error)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                "cannot add nvcuse's rules to the container's seccomp profile: its rule for %s %s",
                name, why);
    return false;
}

bool seccomp_rule_cube(JsonValue *rule, const char *name, unsigned argument, Cube *cube,
                       GError **error)
{
    JsonValue *args = json_member_array(rule, "args");
    guint seen = 0; /* a bit for each argument */

    *cube = (Cube){0, 0};
    for (guint i = 0; i < json_length(args); i++) {
        JsonValue *arg = json_element_object(args, i);
        uint64_t index;
        uint64_t value;
        uint64_t second = 0;
        if (!arg || !json_uint_get(json_member(arg, "index"), &index) || index > 5 ||
            !json_uint_get(json_member(arg, "value"), &value) ||
            (json_kind(json_member(arg, "valueTwo")) != JSON_KIND_NULL &&
             !json_uint_get(json_member(arg, "valueTwo"), &second))) {
            return seccomp_rule_refuse(
                name,
                "has an invalid comparison (args): expected an index from 0 to 5, and a value",
                error);
        }
        if (seen & (1u << index)) {
            return seccomp_rule_refuse(
                name, "compares an argument twice; compare each argument once", error);
        }
        seen |= 1u << index;
        if (index != argument) {
            continue;
        }
        const char *op = json_member_string(arg, "op");
        if (g_strcmp0(op, "SCMP_CMP_EQ") == 0) {
            *cube = (Cube){UINT64_MAX, value};
        } else if (g_strcmp0(op, "SCMP_CMP_MASKED_EQ") == 0) {
            *cube = (Cube){value, second & value};
        } else {
            return seccomp_rule_refuse(
                name,
                "compares the argument that nvcuse watches by another operator "
                "than SCMP_CMP_EQ and SCMP_CMP_MASKED_EQ",
                error);
        }
    }
    return true;
}
