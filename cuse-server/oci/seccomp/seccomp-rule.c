/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/seccomp/seccomp-rule.h"

#include <gio/gio.h>

enum { ARGUMENT_MAX = 5 }; /* the last argument of a system call */

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

/* Append copies of a rule's comparisons of other arguments than @argument. */
static void append_others(JsonValue *args, const JsonValue *rule, unsigned argument)
{
    JsonValue *old = json_member_array(rule, "args");

    for (guint i = 0; i < json_length(old); i++) {
        JsonValue *arg = json_element_object(old, i);
        uint64_t index = UINT64_MAX;
        if (arg && json_uint_get(json_member(arg, "index"), &index) && index != argument) {
            json_append(args, json_copy(arg));
        }
    }
}

/* The comparison that holds for the values of a cube. */
static JsonValue *comparison_new(unsigned argument, Cube cube)
{
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
    return arg;
}

JsonValue *seccomp_rule_new(JsonValue *rule, const char *action, const char *name,
                            unsigned argument, Cube cube)
{
    JsonValue *copy = seccomp_rule_copy(rule, name);
    JsonValue *args = json_new_array();

    append_others(args, rule, argument);
    if (cube.mask) {
        json_append(args, comparison_new(argument, cube));
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

/* A comparison of an argument: an element of "args". */
typedef struct {
    uint64_t index;
    uint64_t value;
    uint64_t second; /* "valueTwo", or 0 */
    const char *op;
} Comparison;

static bool read_comparison(JsonValue *arg, Comparison *comparison)
{
    JsonValue *second = json_member(arg, "valueTwo");

    *comparison = (Comparison){.op = json_member_string(arg, "op")};
    return arg && json_uint_get(json_member(arg, "index"), &comparison->index) &&
           comparison->index <= ARGUMENT_MAX &&
           json_uint_get(json_member(arg, "value"), &comparison->value) &&
           (json_kind(second) == JSON_KIND_NULL || json_uint_get(second, &comparison->second));
}

static bool cube_of(const Comparison *comparison, Cube *cube)
{
    if (g_strcmp0(comparison->op, "SCMP_CMP_EQ") == 0) {
        *cube = (Cube){UINT64_MAX, comparison->value};
        return true;
    }
    *cube = (Cube){comparison->value, comparison->second & comparison->value};
    return g_strcmp0(comparison->op, "SCMP_CMP_MASKED_EQ") == 0;
}

bool seccomp_rule_cube(JsonValue *rule, const char *name, unsigned argument, Cube *cube,
                       GError **error)
{
    JsonValue *args = json_member_array(rule, "args");
    guint seen = 0; /* a bit for each argument */

    *cube = (Cube){0, 0};
    for (guint i = 0; i < json_length(args); i++) {
        Comparison comparison;
        if (!read_comparison(json_element_object(args, i), &comparison)) {
            return seccomp_rule_refuse(
                name,
                "has an invalid comparison (args): expected an index from 0 to 5, and a value",
                error);
        }
        if (seen & (1u << comparison.index)) {
            return seccomp_rule_refuse(
                name, "compares an argument twice; compare each argument once", error);
        }
        seen |= 1u << comparison.index;
        if (comparison.index == argument && !cube_of(&comparison, cube)) {
            return seccomp_rule_refuse(name,
                                       "compares the argument that nvcuse watches by another "
                                       "operator than SCMP_CMP_EQ and SCMP_CMP_MASKED_EQ",
                                       error);
        }
    }
    return true;
}
