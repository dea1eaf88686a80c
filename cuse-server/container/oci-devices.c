/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/container/oci-devices.h"

#include <string.h>

#include <gio/gio.h>

#include "abi/nv-ioctl.h"
#include "cuse-server/broker/char-devices.h"

enum {
    ANY = -1,
    DRM_MAJOR = 226,        /* Documentation/admin-guide/devices.txt */
    MAJOR_MAX = 0xfff,      /* 12 bits: linux/kdev_t.h */
    MINOR_MAX = 0xfffff,    /* 20 */
    NOT_A_MINOR = G_MAXINT, /* of a node that does not say it */
};

/* Where the kernel takes numbers from for drivers that do not ask for one: CHRDEV_MAJOR_DYN_* in
 * linux/fs.h. */
static const struct {
    unsigned first;
    unsigned last;
} dynamic_majors[] = {{234, 254}, {384, 511}};

/* --- whose a number is ------------------------------------------------------------------------ */

/* The minor of a DRM node of another driver's, by its name in /sys/dev/char; or -1. */
static int drm_minor_of_others(const char *name)
{
    g_autofree char *path = g_build_filename("/sys/dev/char", name, "device/driver", NULL);
    g_autofree char *target = g_file_read_link(path, NULL);
    g_autofree char *driver = target ? g_path_get_basename(target) : NULL;
    const char *colon = strchr(name, ':');
    guint64 minor_no;

    return driver && !g_str_has_prefix(driver, "nvidia") && colon &&
                   g_ascii_string_to_unsigned(colon + 1, 10, 0, MINOR_MAX, &minor_no, NULL)
               ? (int)minor_no
               : -1;
}

static GArray *read_drm(void)
{
    GArray *minors = g_array_new(FALSE, FALSE, sizeof(unsigned));
    g_autoptr(GDir) directory = g_dir_open("/sys/dev/char", 0, NULL);
    g_autofree char *prefix = g_strdup_printf("%d:", DRM_MAJOR);
    const char *name;

    while (directory && (name = g_dir_read_name(directory))) {
        int minor_no = g_str_has_prefix(name, prefix) ? drm_minor_of_others(name) : -1;
        if (minor_no >= 0) {
            g_array_append_val(minors, minor_no);
        }
    }
    return minors;
}

HostNumbers *host_numbers_read(GError **error)
{
    GArray *drivers = char_devices_read(error);
    HostNumbers *numbers = drivers ? g_new(HostNumbers, 1) : NULL;

    if (numbers) {
        *numbers = (HostNumbers){.drivers = drivers, .drm = read_drm()};
    }
    return numbers;
}

void host_numbers_free(HostNumbers *numbers)
{
    g_array_unref(numbers->drivers);
    g_array_unref(numbers->drm);
    g_free(numbers);
}

/* Does this driver of the kernel's belong to NVIDIA's driver, or to us? */
static bool is_denied_driver(const char *name)
{
    return g_str_has_prefix(name, "nvidia") || g_str_has_prefix(name, "nvcuse!");
}

static bool is_dynamic(int64_t major_no)
{
    for (size_t i = 0; i < G_N_ELEMENTS(dynamic_majors); i++) {
        if (major_no >= dynamic_majors[i].first && major_no <= dynamic_majors[i].last) {
            return true;
        }
    }
    return false;
}

/* May a driver of NVIDIA's have this major, or get it later? A major may have several drivers. */
static bool is_denied_major(const HostNumbers *numbers, int64_t major_no)
{
    bool is_free = true;

    for (guint i = 0; i < numbers->drivers->len; i++) {
        const CharDevice *driver = &g_array_index(numbers->drivers, CharDevice, i);
        if (driver->major_no == major_no) {
            is_free = false;
            if (is_denied_driver(driver->name)) {
                return true;
            }
        }
    }
    return major_no == NV_MAJOR_DEVICE_NUMBER || (is_free && is_dynamic(major_no));
}

static bool is_drm_of_others(const HostNumbers *numbers, int64_t minor_no)
{
    for (guint i = 0; i < numbers->drm->len; i++) {
        if (g_array_index(numbers->drm, unsigned, i) == minor_no) {
            return true;
        }
    }
    return false;
}

static bool is_denied_number(const HostNumbers *numbers, int64_t major_no, int64_t minor_no)
{
    return major_no == DRM_MAJOR ? !is_drm_of_others(numbers, minor_no)
                                 : is_denied_major(numbers, major_no);
}

/* --- rules ------------------------------------------------------------------------------------ */

/*
 * Rule: as both runtimes understand it.
 * @type: 'a' all devices, 'b' or 'c'
 * @major_no, @minor_no: ANY if it does not say
 * @object: the engine's own; NULL: it is one of ours
 */
typedef struct {
    bool allow;
    char type;
    int64_t major_no;
    int64_t minor_no;
    const char *access;
    JsonValue *object;
} Rule;

static bool refuse(GError **error, guint i, const char *why)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                "rule %u of the container's device control group (linux.resources.devices) %s; "
                "nvcuse cannot tell what it allows",
                i, why);
    return false;
}

/* A number, or ANY: not there, null or -1, as engines write it. */
static bool read_number(JsonValue *rule, const char *name, int64_t max, int64_t *number)
{
    const JsonValue *given = json_member(rule, name);
    uint64_t value;

    *number = ANY;
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

/* crun keeps numbers in 32 bits and a type's first letter; runc takes every rule of the type 'a' for
 * one about all devices, and refuses the rest. */
static bool read_rule(JsonValue *object, guint i, Rule *rule, GError **error)
{
    if (!object) {
        return refuse(error, i, "is no object");
    }
    if (!read_allow(object, &rule->allow)) {
        return refuse(error, i, "has an 'allow' that is neither true nor false");
    }
    if (!read_type(object, &rule->type)) {
        return refuse(error, i, "has a type that is none of a, b and c");
    }
    if (!read_number(object, "major", MAJOR_MAX, &rule->major_no) ||
        !read_number(object, "minor", MINOR_MAX, &rule->minor_no)) {
        return refuse(error, i, "has a number that no device has");
    }
    if (rule->allow && rule->type == 'a' && (rule->major_no != ANY || rule->minor_no != ANY)) {
        return refuse(error, i, "allows numbers, but not of which type");
    }
    const char *access = json_member_string(object, "access");
    rule->access = access ? access : "";
    rule->object = object;
    return true;
}

static bool opens(const Rule *rule)
{
    return strpbrk(rule->access, "rw") != NULL;
}

static bool denies_everything(const Rule *rule)
{
    return !rule->allow && rule->type == 'a' && rule->major_no == ANY && rule->minor_no == ANY &&
           strchr(rule->access, 'r') && strchr(rule->access, 'w') && strchr(rule->access, 'm');
}

static void add_new_rule(JsonValue *rules, const Rule *rule)
{
    const char type[] = {rule->type, '\0'};
    JsonValue *object = json_new_object();

    json_set(object, "allow", json_new_boolean(rule->allow));
    if (rule->type != 'a') {
        json_set_string(object, "type", type);
    }
    if (rule->major_no != ANY) {
        json_set(object, "major", json_new_int(rule->major_no));
    }
    if (rule->minor_no != ANY) {
        json_set(object, "minor", json_new_int(rule->minor_no));
    }
    json_set_string(object, "access", rule->access);
    json_append(rules, object);
}

static void add_rule(JsonValue *rules, const Rule *rule)
{
    if (rule->object) {
        json_append(rules, json_ref(rule->object));
    } else {
        add_new_rule(rules, rule);
    }
}

/* --- a closed list ---------------------------------------------------------------------------- */

/* An allowance of every DRM node, or of the one that it names: those of other drivers'. */
static void allow_drm(const HostNumbers *numbers, JsonValue *out, Rule rule)
{
    int64_t wanted = rule.minor_no;

    rule.object = NULL;
    rule.major_no = DRM_MAJOR;
    for (guint i = 0; i < numbers->drm->len; i++) {
        rule.minor_no = g_array_index(numbers->drm, unsigned, i);
        if (wanted == ANY || wanted == rule.minor_no) {
            add_rule(out, &rule);
        }
    }
}

/* An allowance of every character device: one for each major of another driver's. */
static void allow_majors(const HostNumbers *numbers, JsonValue *out, Rule rule)
{
    g_autoptr(GHashTable) done = g_hash_table_new(NULL, NULL);

    rule.object = NULL;
    for (guint i = 0; i < numbers->drivers->len; i++) {
        unsigned major_no = g_array_index(numbers->drivers, CharDevice, i).major_no;
        rule.major_no = major_no;
        if (major_no != DRM_MAJOR && !is_denied_major(numbers, major_no) &&
            g_hash_table_add(done, GUINT_TO_POINTER(major_no))) {
            add_rule(out, &rule);
        }
    }
    allow_drm(numbers, out, rule);
    if (strchr(rule.access, 'm')) {
        add_rule(out, &(Rule){true, 'c', ANY, rule.minor_no, "m", NULL});
    }
}

/* An allowance to read or write character devices: what of it is not NVIDIA's. */
static void allow_characters(const HostNumbers *numbers, JsonValue *out, const Rule *rule)
{
    if (rule->major_no == ANY) {
        allow_majors(numbers, out, *rule);
    } else if (rule->major_no == DRM_MAJOR) {
        allow_drm(numbers, out, *rule);
    } else if (!is_denied_major(numbers, rule->major_no)) {
        add_rule(out, rule);
    }
}

static void close_rule(const HostNumbers *numbers, JsonValue *out, const Rule *rule)
{
    if (!rule->allow || rule->type == 'b' || !opens(rule)) {
        add_rule(out, rule);
        return;
    }
    Rule characters = *rule;
    characters.type = 'c';
    if (rule->type == 'a') {
        /* It forgets what was said before, as a rule of this type does in runc and the kernel. */
        add_rule(out, &(Rule){false, 'a', ANY, ANY, "rwm", NULL});
        add_rule(out, &(Rule){true, 'b', ANY, ANY, rule->access, NULL});
    }
    allow_characters(numbers, out, &characters);
}

/* A list of this form needs none of these; they hold if the form is ever lost on the way. */
static void add_denials(const HostNumbers *numbers, JsonValue *out)
{
    g_autoptr(GHashTable) done = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < numbers->drivers->len; i++) {
        const CharDevice *driver = &g_array_index(numbers->drivers, CharDevice, i);
        if (is_denied_driver(driver->name) &&
            g_hash_table_add(done, GUINT_TO_POINTER(driver->major_no))) {
            add_rule(out, &(Rule){false, 'c', driver->major_no, ANY, "rw", NULL});
        }
    }
    if (numbers->drm->len == 0) {
        add_rule(out, &(Rule){false, 'c', DRM_MAJOR, ANY, "rw", NULL});
    }
}

static bool close_rules(const HostNumbers *numbers, JsonValue *rules, JsonValue *out,
                        GError **error)
{
    for (guint i = 0; i < json_length(rules); i++) {
        Rule rule;
        if (!read_rule(json_element_object(rules, i), i, &rule, error)) {
            return false;
        }
        /* crun without rules, and the kernel's older groups, begin with everything. */
        if (i == 0 && !denies_everything(&rule)) {
            add_rule(out, &(Rule){false, 'a', ANY, ANY, "rwm", NULL});
        }
        close_rule(numbers, out, &rule);
    }
    if (json_length(rules) == 0) {
        add_rule(out, &(Rule){false, 'a', ANY, ANY, "rwm", NULL});
    }
    add_denials(numbers, out);
    return true;
}

/* A block device has numbers of its own. */
static bool is_character_node(const JsonValue *node)
{
    const char *type = json_member_string(node, "type");

    return g_strcmp0(type, "b") != 0 && g_strcmp0(type, "p") != 0;
}

static void remove_nodes(const HostNumbers *numbers, JsonValue *nodes)
{
    for (guint i = json_length(nodes); i-- > 0;) {
        JsonValue *node = json_element_object(nodes, i);
        uint64_t major_no;
        uint64_t minor_no = NOT_A_MINOR;
        if (is_character_node(node) && json_uint_get(json_member(node, "major"), &major_no)) {
            (void)json_uint_get(json_member(node, "minor"), &minor_no);
            if (is_denied_number(numbers, (int64_t)major_no, (int64_t)minor_no)) {
                json_remove_element(nodes, i);
            }
        }
    }
}

bool oci_devices_close(const HostNumbers *numbers, JsonValue *linux_section, GError **error)
{
    JsonValue *resources = json_need_object(linux_section, "resources");
    g_autoptr(JsonValue) out = json_new_array();

    if (!close_rules(numbers, json_need_array(resources, "devices"), out, error)) {
        return false;
    }
    json_set(resources, "devices", g_steal_pointer(&out));
    remove_nodes(numbers, json_member_array(linux_section, "devices"));
    return true;
}
