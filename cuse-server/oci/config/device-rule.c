/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/config/device-rule.h"

#include <string.h>

#include <gio/gio.h>

enum {
    MAJOR_MAX = 0xfff,   /* 12 bits: linux/kdev_t.h */
    MINOR_MAX = 0xfffff, /* 20 */
};

static const char *const access_texts[] = {"", "r", "w", "rw", "m", "rm", "wm", "rwm"};

static bool refuse(GError **error, guint i, const char *why)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                "cannot check rule %u of the container's device control group "
                "(linux.resources.devices): %s",
                i, why);
    return false;
}

/* Read a number. It is DEVICE_RULE_ANY if it is absent, null or -1; engines write all three. */
static bool read_number(JsonValue *rule, const char *name, int64_t max, int64_t *number)
{
    const JsonValue *given = json_member(rule, name);
    uint64_t value;

    *number = DEVICE_RULE_ANY;
    if (json_kind(given) == JSON_KIND_NULL) {
        return true;
    }
    if (json_uint_get(given, &value)) {
        *number = (int64_t)value;
        return value <= (uint64_t)max;
    }
    return json_kind(given) == JSON_KIND_NUMBER && g_str_equal(json_token(given), "-1");
}

static bool read_type(JsonValue *object, char *type)
{
    const char *text = json_member_string(object, "type");

    if (json_kind(json_member(object, "type")) == JSON_KIND_NULL || (text && *text == '\0')) {
        text = "a";
    }
    *type = text ? text[0] : '\0';
    return text && strlen(text) == 1 && strchr("abc", text[0]);
}

static bool read_allow(JsonValue *object, bool *allow)
{
    const JsonValue *given = json_member(object, "allow");

    *allow = json_kind(given) == JSON_KIND_BOOLEAN && g_str_equal(json_token(given), "true");
    return !given || json_kind(given) == JSON_KIND_BOOLEAN;
}

static unsigned read_access(const char *text)
{
    static const char letters[] = "rwm";
    unsigned access = 0;

    for (unsigned bit = 0; text && letters[bit]; bit++) {
        access |= strchr(text, letters[bit]) ? 1U << bit : 0;
    }
    return access;
}

/* Refuses what runtimes understand differently. crun keeps numbers in 32 bits and only the
 * first letter of a type. runc treats every rule of type 'a' as a rule for all devices. */
bool device_rule_read(JsonValue *object, guint i, DeviceRule *rule, GError **error)
{
    if (!object) {
        return refuse(error, i, "expected an object");
    }
    if (!read_allow(object, &rule->allow)) {
        return refuse(error, i, "'allow' must be true or false");
    }
    if (!read_type(object, &rule->type)) {
        return refuse(error, i, "'type' must be a, b or c");
    }
    if (!read_number(object, "major", MAJOR_MAX, &rule->major_no) ||
        !read_number(object, "minor", MINOR_MAX, &rule->minor_no)) {
        return refuse(error, i, "'major' must be at most 4095, and 'minor' at most 1048575");
    }
    if (rule->allow && rule->type == 'a' &&
        (rule->major_no != DEVICE_RULE_ANY || rule->minor_no != DEVICE_RULE_ANY)) {
        return refuse(error, i, "it allows numbers of all types of devices; set 'type' to b or c");
    }
    rule->access = read_access(json_member_string(object, "access"));
    rule->object = object;
    return true;
}

char *device_rule_text(const DeviceRule *rule)
{
    g_autofree char *major_text = rule->major_no == DEVICE_RULE_ANY
                                      ? g_strdup("*")
                                      : g_strdup_printf("%d", (int)rule->major_no);
    g_autofree char *minor_text = rule->minor_no == DEVICE_RULE_ANY
                                      ? g_strdup("*")
                                      : g_strdup_printf("%d", (int)rule->minor_no);

    return g_strdup_printf("%c %s:%s %s", rule->type, major_text, minor_text,
                           access_texts[rule->access]);
}

bool device_rule_denies_everything(const DeviceRule *rule)
{
    return !rule->allow && rule->type == 'a' && rule->major_no == DEVICE_RULE_ANY &&
           rule->minor_no == DEVICE_RULE_ANY && rule->access == ACCESS_ALL;
}

static JsonValue *rule_object(const DeviceRule *rule)
{
    const char type[] = {rule->type, '\0'};
    JsonValue *object = json_new_object();

    json_set(object, "allow", json_new_boolean(rule->allow));
    if (rule->type != 'a') {
        json_set_string(object, "type", type);
    }
    if (rule->major_no != DEVICE_RULE_ANY) {
        json_set(object, "major", json_new_int(rule->major_no));
    }
    if (rule->minor_no != DEVICE_RULE_ANY) {
        json_set(object, "minor", json_new_int(rule->minor_no));
    }
    json_set_string(object, "access", access_texts[rule->access]);
    return object;
}

JsonValue *device_rules_list(const GArray *rules)
{
    JsonValue *list = json_new_array();

    for (guint i = 0; i < rules->len; i++) {
        const DeviceRule *rule = &g_array_index(rules, DeviceRule, i);
        json_append(list, rule->object ? json_ref(rule->object) : rule_object(rule));
    }
    return list;
}
