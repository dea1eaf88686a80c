/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/config/oci-devices.h"

#include <gio/gio.h>

#include "cuse-server/inventory/char-devices.h"
#include "cuse-server/oci/config/device-rule.h"

enum { NOT_A_MINOR = G_MAXINT }; /* for a node without a minor number */

/* --- a list that is being closed -------------------------------------------------------------- */

/*
 * Closing: the state while a list is being closed.
 * @rules: the rules of the new list
 * @expanded: an allowance of everything was written as many rules. Later denials must be removed from these
 * @notes: what was left out and why, for people
 * @i: index of the engine's rule that is being processed
 */
typedef struct {
    const HostNumbers *numbers;
    GArray *rules;
    bool expanded;
    GPtrArray *notes;
    guint i;
} Closing;

static const DeviceRule deny_all = {false, 'a', DEVICE_RULE_ANY, DEVICE_RULE_ANY, ACCESS_ALL, NULL};

/* Add a rule. Skip an allowance that nvcuse made if the list already contains it. */
static void add_rule(Closing *closing, const DeviceRule *rule)
{
    for (guint i = 0; !rule->object && rule->allow && i < closing->rules->len; i++) {
        const DeviceRule *other = &g_array_index(closing->rules, DeviceRule, i);
        if (other->allow && other->type == rule->type && other->major_no == rule->major_no &&
            other->minor_no == rule->minor_no && !(rule->access & ~other->access)) {
            return;
        }
    }
    g_array_append_vals(closing->rules, rule, 1);
}

/* --- what is said of it ----------------------------------------------------------------------- */

static void note(Closing *closing, const DeviceRule *rule, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static void note(Closing *closing, const DeviceRule *rule, const char *format, ...)
{
    g_autofree char *text = device_rule_text(rule);
    g_autofree char *why = NULL;
    va_list args;

    va_start(args, format);
    why = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(closing->notes,
                    g_strdup_printf("device rule %u (%s) %s", closing->i, text, why));
}

/* List the other drivers' nodes of a major: "29:0, 29:1", or "none". The caller frees it. */
static char *others_text(const HostNumbers *numbers, int64_t major_no)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < numbers->others->len; i++) {
        const DeviceNumber *number = &g_array_index(numbers->others, DeviceNumber, i);
        if (number->major_no == major_no) {
            g_string_append_printf(text, "%s%u:%u", text->len ? ", " : "", number->major_no,
                                   number->minor_no);
        }
    }
    return text->len ? g_string_free(g_steal_pointer(&text), FALSE) : g_strdup("none");
}

/* Append the range of free numbers that begins with @first: "234-241". Returns the number after it. */
static int64_t append_free(const HostNumbers *numbers, int64_t first, GString *text)
{
    int64_t next = first;

    while (host_numbers_is_free(numbers, next)) {
        next++;
    }
    g_string_append_printf(text, next == first + 1 ? "%s%d" : "%s%d-%d", text->len ? ", " : "",
                           (int)first, (int)next - 1);
    return next;
}

/* Note what is left out of an allowance of all character devices. */
static void note_expansion(Closing *closing, const DeviceRule *rule)
{
    const HostNumbers *numbers = closing->numbers;
    g_autoptr(GString) denied = g_string_new(NULL);
    g_autoptr(GString) shared = g_string_new(NULL);
    g_autoptr(GString) unused = g_string_new(NULL);

    for (int64_t major_no = 1; major_no <= HOST_MAJOR_MAX; major_no++) {
        const char *driver = host_numbers_denied_driver(numbers, major_no);
        if (driver) {
            g_string_append_printf(denied, "%s%d (%s)", denied->len ? ", " : "", (int)major_no,
                                   driver);
        } else if (host_numbers_is_shared(numbers, major_no)) {
            g_autofree char *others = others_text(numbers, major_no);
            g_string_append_printf(shared, "; of major %d only other drivers' nodes stay: %s",
                                   (int)major_no, others);
        } else if (host_numbers_is_free(numbers, major_no)) {
            major_no = append_free(numbers, major_no, unused) - 1;
        }
    }
    note(closing, rule,
         "was narrowed: NVIDIA's majors are removed: %s%s; unused majors are removed, because "
         "NVIDIA's driver could get them: %s",
         denied->str, shared->str, unused->str);
}

/* --- a closed list ---------------------------------------------------------------------------- */

/* Replace an allowance for a shared major, or for one of its nodes, by allowances for the other drivers' nodes. */
static void allow_shared(Closing *closing, DeviceRule rule)
{
    const GArray *others = closing->numbers->others;
    int64_t wanted = rule.minor_no;

    rule.object = NULL;
    for (guint i = 0; i < others->len; i++) {
        const DeviceNumber *number = &g_array_index(others, DeviceNumber, i);
        rule.minor_no = number->minor_no;
        if (number->major_no == rule.major_no &&
            (wanted == DEVICE_RULE_ANY || wanted == rule.minor_no)) {
            add_rule(closing, &rule);
        }
    }
}

/* Replace an allowance of every character device by one for each major that is not NVIDIA's, whether its driver is
 * loaded or not. Making nodes stays allowed without exception. */
static void allow_majors(Closing *closing, const DeviceRule *wide)
{
    DeviceRule rule = *wide;

    rule.object = NULL;
    rule.access = wide->access & ACCESS_OPEN;
    for (rule.major_no = 1; rule.access && rule.major_no <= HOST_MAJOR_MAX; rule.major_no++) {
        if (host_numbers_is_shared(closing->numbers, rule.major_no)) {
            allow_shared(closing, rule);
        } else if (!host_numbers_denied_driver(closing->numbers, rule.major_no) &&
                   !host_numbers_is_free(closing->numbers, rule.major_no)) {
            add_rule(closing, &rule);
        }
    }
    if (wide->access & ACCESS_MAKE) {
        add_rule(closing,
                 &(DeviceRule){true, 'c', DEVICE_RULE_ANY, wide->minor_no, ACCESS_MAKE, NULL});
    }
    closing->expanded = true;
    note_expansion(closing, wide);
}

/* Add the part of an allowance that is not NVIDIA's. The allowance is to read or write character devices of one
 * major. */
static void allow_major(Closing *closing, const DeviceRule *rule)
{
    const HostNumbers *numbers = closing->numbers;
    const char *driver = host_numbers_denied_driver(numbers, rule->major_no);

    if (driver) {
        note(closing, rule, "was removed: the number belongs to the driver %s", driver);
    } else if (host_numbers_is_shared(numbers, rule->major_no)) {
        g_autofree char *others = others_text(numbers, rule->major_no);
        allow_shared(closing, *rule);
        if (!host_numbers_is_of_others(numbers, rule->major_no, rule->minor_no)) {
            note(closing, rule,
                 "was narrowed to the nodes of other drivers, because NVIDIA's driver can have "
                 "nodes of this major: %s",
                 others);
        }
    } else if (host_numbers_is_free(numbers, rule->major_no)) {
        note(closing, rule,
             "was removed: no driver has this major now, so NVIDIA's driver could get it; to keep "
             "the rule, load the device's driver before creating the container");
    } else {
        add_rule(closing, rule);
    }
}

/*
 * Replace an allowance of all devices. It makes runc and the kernel forget all earlier rules. They also allow every kind
 * of access then, whatever the rule's own access is. nvcuse allows only the rule's own, because that is what the
 * configuration asks for: a container never gets more than that, and may get less than runc alone would give it.
 */
static void allow_everything(Closing *closing, const DeviceRule *rule)
{
    DeviceRule part = *rule;

    g_array_set_size(closing->rules, 0);
    add_rule(closing, &deny_all);
    part.type = 'b';
    part.object = NULL;
    add_rule(closing, &part);
    part.type = 'c';
    allow_majors(closing, &part);
}

/* --- denials of what was allowed in many rules ------------------------------------------------- */

static bool meets(int64_t a, int64_t b)
{
    return a == DEVICE_RULE_ANY || b == DEVICE_RULE_ANY || a == b;
}

static bool covers(const DeviceRule *rule, const DeviceRule *other)
{
    return (rule->major_no == DEVICE_RULE_ANY || rule->major_no == other->major_no) &&
           (rule->minor_no == DEVICE_RULE_ANY || rule->minor_no == other->minor_no);
}

static bool refuse_hole(const Closing *closing, const DeviceRule *denial, const DeviceRule *allowed,
                        GError **error)
{
    g_autofree char *denied_text = device_rule_text(denial);
    g_autofree char *allowed_text = device_rule_text(allowed);

    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                "cannot apply rule %u of the container's device control group "
                "(linux.resources.devices): it denies %s, a part of %s, after another rule has "
                "allowed all devices. Deny all of %s, or do not allow all devices",
                closing->i, denied_text, allowed_text, allowed_text);
    return false;
}

/* Remove what a denial covers from the rules before it. runc, and the kernel's older control groups, cannot deny a
 * part of what one rule allows. */
static bool take_away(Closing *closing, const DeviceRule *denial, GError **error)
{
    for (guint i = closing->rules->len; i-- > 0;) {
        DeviceRule *rule = &g_array_index(closing->rules, DeviceRule, i);
        unsigned common = rule->access & denial->access;
        if (!rule->allow || rule->type != denial->type || !common ||
            !meets(rule->major_no, denial->major_no) || !meets(rule->minor_no, denial->minor_no)) {
            continue;
        }
        if (covers(denial, rule)) {
            rule->access &= ~denial->access;
            rule->object = NULL;
            if (!rule->access) {
                g_array_remove_index(closing->rules, i);
            }
        } else if (common & ACCESS_OPEN) {
            return refuse_hole(closing, denial, rule, error);
        } else {
            note(closing, denial, "does not stop the container from making nodes (mknod)");
        }
    }
    return true;
}

/* --- the list --------------------------------------------------------------------------------- */

static bool close_rule(Closing *closing, const DeviceRule *rule, GError **error)
{
    if (device_rule_denies_everything(rule)) {
        g_array_set_size(closing->rules, 0);
        closing->expanded = false;
    }
    if (!rule->allow && rule->type != 'a' && closing->expanded) {
        return take_away(closing, rule, error);
    }
    if (rule->allow && rule->type == 'a') {
        allow_everything(closing, rule);
    } else if (!rule->allow || rule->type == 'b' || !(rule->access & ACCESS_OPEN)) {
        add_rule(closing, rule);
    } else if (rule->major_no == DEVICE_RULE_ANY) {
        allow_majors(closing, rule);
    } else {
        allow_major(closing, rule);
    }
    return true;
}

static bool close_rules(Closing *closing, JsonValue *rules, GError **error)
{
    add_rule(closing, &deny_all);
    for (closing->i = 0; closing->i < json_length(rules); closing->i++) {
        DeviceRule rule;
        if (!device_rule_read(json_element_object(rules, closing->i), closing->i, &rule, error) ||
            !close_rule(closing, &rule, error)) {
            return false;
        }
    }
    return true;
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* Is it a character device? Block devices have separate numbers. */
static bool is_character_node(const JsonValue *node)
{
    const char *type = json_member_string(node, "type");

    return g_strcmp0(type, "b") != 0 && g_strcmp0(type, "p") != 0;
}

static bool is_denied_number(const HostNumbers *numbers, int64_t major_no, int64_t minor_no)
{
    if (host_numbers_is_shared(numbers, major_no)) {
        return !host_numbers_is_of_others(numbers, major_no, minor_no);
    }
    return host_numbers_denied_driver(numbers, major_no) || host_numbers_is_free(numbers, major_no);
}

static void remove_nodes(const HostNumbers *numbers, JsonValue *nodes, GPtrArray *notes)
{
    for (guint i = json_length(nodes); i-- > 0;) {
        JsonValue *node = json_element_object(nodes, i);
        uint64_t major_no;
        uint64_t minor_no = NOT_A_MINOR;
        if (!is_character_node(node) || !json_uint_get(json_member(node, "major"), &major_no)) {
            continue;
        }
        (void)json_uint_get(json_member(node, "minor"), &minor_no);
        if (is_denied_number(numbers, (int64_t)major_no, (int64_t)minor_no)) {
            const char *path = json_member_string(node, "path");
            g_ptr_array_add(
                notes,
                g_strdup_printf("removed the device node %s (c %d:%d): its number belongs "
                                "to NVIDIA's driver, or could",
                                path ? path : "without a path", (int)major_no, (int)minor_no));
            json_remove_element(nodes, i);
        }
    }
}

bool oci_devices_close(const HostNumbers *numbers, JsonValue *linux_section, GPtrArray *notes,
                       GError **error)
{
    JsonValue *resources = json_need_object(linux_section, "resources");
    g_autoptr(GArray) rules = g_array_new(FALSE, FALSE, sizeof(DeviceRule));
    Closing closing = {.numbers = numbers, .rules = rules, .notes = notes};

    /* Make a list even if there is none: without rules, crun and the kernel's older control groups allow everything
     * at first. */
    if (!close_rules(&closing, json_need_array(resources, "devices"), error)) {
        return false;
    }
    json_set(resources, "devices", device_rules_list(rules));
    remove_nodes(numbers, json_member_array(linux_section, "devices"), notes);
    return true;
}
