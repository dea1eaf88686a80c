/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/seccomp/oci-seccomp.h"

#include <gio/gio.h>

#include "cuse-server/base/json/json-value.h"
#include "cuse-server/container/guest-filter.h"
#include "cuse-server/oci/seccomp/seccomp-rule.h"
#include "cuse-server/oci/seccomp/value-cubes.h"

/* --- a profile -------------------------------------------------------------------------------- */

/*
 * Merge: a profile that is being made.
 * @is_open: the profile's default lets calls through
 * @needs: selects the rules of the table
 * @out: the rules of the new profile
 */
typedef struct {
    bool is_open;
    const FilterNeeds *needs;
    JsonValue *out;
    GError **error;
} Merge;

/* A watched call: the instances that it is for, the watched argument, and the values of it that go to the broker. */
typedef struct {
    const char *name;
    FilterScope scope;
    unsigned argument;
    GArray *cubes;
} Watched;

static bool applies(const Merge *merge, size_t rule)
{
    return filter_rule_applies(&filter_rules[rule], merge->needs);
}

static bool is_watched(const Merge *merge, const char *name)
{
    for (size_t i = 0; i < filter_rules_count; i++) {
        if (applies(merge, i) && g_strcmp0(filter_rules[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* The values of all the table's rules for one call. @first is the index of the call's first rule. */
static GArray *watched_cubes(const Merge *merge, size_t first)
{
    GArray *cubes = g_array_new(FALSE, FALSE, sizeof(Cube));

    for (size_t i = first; i < filter_rules_count; i++) {
        if (applies(merge, i) && g_str_equal(filter_rules[i].name, filter_rules[first].name)) {
            Cube cube = {filter_rules[i].mask, filter_rules[i].value};
            g_array_append_val(cubes, cube);
        }
    }
    return cubes;
}

/* Add a rule for the values @cube of the watched argument to the new profile. */
static void emit(const Merge *merge, JsonValue *rule, const char *action, const Watched *watched,
                 Cube cube)
{
    json_append(merge->out, seccomp_rule_new(rule, action, watched->name, watched->argument, cube));
}

/* Merge one of the profile's rules for a watched call. @closed: the call is not sent to the broker, so the rule stays
 * as it is. */
static bool merge_rule(const Merge *merge, JsonValue *rule, const Watched *watched, bool closed)
{
    const char *action = json_member_string(rule, "action");
    Cube cube;

    if (closed) {
        json_append(merge->out, json_ref(rule));
        return true;
    }
    if (!seccomp_rule_cube(rule, watched->name, watched->argument, &cube, merge->error)) {
        return false;
    }
    if (!seccomp_lets_through(action)) {
        if (cube_meets_any(cube, watched->cubes)) {
            return seccomp_rule_refuse(
                watched->name,
                "refuses some of the calls that nvcuse has to receive; refuse all of them or none",
                merge->error);
        }
        emit(merge, rule, action, watched, cube);
        return true;
    }
    g_autoptr(GArray) rest = cube_subtract_all(cube, watched->cubes);
    for (guint i = 0; i < rest->len; i++) {
        emit(merge, rule, action, watched, g_array_index(rest, Cube, i));
    }
    for (guint i = 0; !merge->is_open && i < watched->cubes->len; i++) {
        Cube ours = g_array_index(watched->cubes, Cube, i);
        if (!cube_is_disjoint(cube, ours)) {
            emit(merge, rule, SECCOMP_NOTIFY, watched, cube_meet(cube, ours));
        }
    }
    return true;
}

/* Does this rule compare arguments of a call that need not be watched (FILTER_UNLESS_COMPARED)? Then the profile's
 * rules for the call stay. */
static bool is_left(JsonValue *rule, const Watched *watched)
{
    return watched->scope == FILTER_UNLESS_COMPARED && seccomp_rule_names(rule, watched->name) &&
           json_length(json_member_array(rule, "args")) > 0;
}

static bool merge_call(const Merge *merge, JsonValue *rules, const Watched *watched)
{
    bool closed = false;

    for (guint i = 0; i < json_length(rules); i++) {
        JsonValue *rule = json_element_object(rules, i);
        closed = closed || seccomp_rule_closes(rule, watched->name) || is_left(rule, watched);
    }
    for (guint i = 0; i < json_length(rules); i++) {
        JsonValue *rule = json_element_object(rules, i);
        if (seccomp_rule_names(rule, watched->name)) {
            JsonValue *single = seccomp_rule_copy(rule, watched->name);
            JsonValue *args = json_member(rule, "args");
            if (args) {
                json_set(single, "args", json_copy(args));
            }
            bool ok = merge_rule(merge, single, watched, closed);
            json_unref(single);
            if (!ok) {
                return false;
            }
        }
    }
    if (merge->is_open && !closed) {
        g_autoptr(JsonValue) ours = json_new_object();
        for (guint i = 0; i < watched->cubes->len; i++) {
            emit(merge, ours, SECCOMP_NOTIFY, watched, g_array_index(watched->cubes, Cube, i));
        }
    }
    return true;
}

/* Keep the rules for calls that are not watched. */
static void keep_others(const Merge *merge, JsonValue *rules)
{
    for (guint i = 0; i < json_length(rules); i++) {
        JsonValue *rule = json_element_object(rules, i);
        JsonValue *names = json_member_array(rule, "names");
        JsonValue *kept = json_new_array();
        for (guint n = 0; n < json_length(names); n++) {
            const char *name = json_element_string(names, n);
            if (!is_watched(merge, name)) {
                json_append_string(kept, name);
            }
        }
        if (json_length(kept)) {
            json_set(rule, "names", kept);
            json_append(merge->out, json_ref(rule));
        } else {
            json_unref(kept);
        }
    }
}

static bool is_first(const Merge *merge, size_t rule)
{
    for (size_t i = 0; i < rule; i++) {
        if (applies(merge, i) && g_str_equal(filter_rules[i].name, filter_rules[rule].name)) {
            return false;
        }
    }
    return applies(merge, rule);
}

/* Check what must hold before the rules can be merged. */
static bool check(JsonValue *profile, JsonValue *rules, GError **error)
{
    bool notifies = json_member(profile, "listenerPath") ||
                    g_strcmp0(json_member_string(profile, "defaultAction"), SECCOMP_NOTIFY) == 0;

    for (guint i = 0; i < json_length(rules); i++) {
        JsonValue *rule = json_element_object(rules, i);
        if (!rule || !json_member_array(rule, "names") || !json_member_string(rule, "action")) {
            g_set_error(
                error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                "invalid rule %u of the container's seccomp profile: expected 'names' and 'action'",
                i);
            return false;
        }
        notifies = notifies || g_str_equal(json_member_string(rule, "action"), SECCOMP_NOTIFY);
    }
    if (notifies) {
        g_set_error_literal(
            error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
            "cannot give the container GPUs: its seccomp profile has a listener of its own "
            "(listenerPath or SCMP_ACT_NOTIFY), and the kernel allows only one; "
            "use a profile without a listener");
    }
    return !notifies;
}

/* Make a profile that lets everything through. Its architectures include those of 32-bit programs, which would be
 * killed otherwise. */
static JsonValue *open_profile(void)
{
    static const char *const architectures[] = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86",
                                                "SCMP_ARCH_X32"};
    JsonValue *profile = json_new_object();
    JsonValue *array = json_need_array(profile, "architectures");

    for (size_t i = 0; i < G_N_ELEMENTS(architectures); i++) {
        json_append_string(array, architectures[i]);
    }
    json_set_string(profile, "defaultAction", "SCMP_ACT_ALLOW");
    return profile;
}

/* Does the profile have a rule for the listener? The kernel refuses the flag for a filter without a listener. */
static bool has_notify(JsonValue *rules)
{
    for (guint i = 0; i < json_length(rules); i++) {
        if (g_strcmp0(json_member_string(json_element_object(rules, i), "action"),
                      SECCOMP_NOTIFY) == 0) {
            return true;
        }
    }
    return false;
}

/* Add the flag. Without a list of flags, runc and crun set SPEC_ALLOW. With a list, they set only its flags. So a
 * list that is made here contains SPEC_ALLOW too. */
static void add_wait_killable(JsonValue *profile)
{
    bool has_default = !json_member_array(profile, "flags");
    JsonValue *flags = json_need_array(profile, "flags");

    if (has_default) {
        json_append_string(flags, "SECCOMP_FILTER_FLAG_SPEC_ALLOW");
    }
    if (!json_has_string(flags, OCI_SECCOMP_WAIT_KILLABLE)) {
        json_append_string(flags, OCI_SECCOMP_WAIT_KILLABLE);
    }
}

bool oci_seccomp_merge(JsonValue *linux_section, const char *listener_path,
                       const FilterNeeds *needs, bool wait_killable, GError **error)
{
    if (!json_member_object(linux_section, "seccomp")) {
        json_set(linux_section, "seccomp", open_profile());
    }
    JsonValue *profile = json_member_object(linux_section, "seccomp");
    JsonValue *rules = json_need_array(profile, "syscalls");
    Merge merge = {
        .is_open = seccomp_lets_through(json_member_string(profile, "defaultAction")),
        .needs = needs,
        .out = json_new_array(),
        .error = error,
    };
    bool ok = check(profile, rules, error);

    for (size_t i = 0; ok && i < filter_rules_count; i++) {
        if (is_first(&merge, i)) {
            g_autoptr(GArray) cubes = watched_cubes(&merge, i);
            ok = merge_call(&merge, rules,
                            &(Watched){filter_rules[i].name, filter_rules[i].scope,
                                       filter_rules[i].argument, cubes});
        }
    }
    if (!ok) {
        json_unref(merge.out);
        return false;
    }
    keep_others(&merge, rules);
    json_set(profile, "syscalls", merge.out);
    json_set_string(profile, "listenerPath", listener_path);
    if (wait_killable && has_notify(merge.out)) {
        add_wait_killable(profile);
    }
    return true;
}
