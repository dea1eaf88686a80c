/* SPDX-License-Identifier: Apache-2.0 */
/* A container's device rules as runc and as crun apply them: which of the host's devices the container can open. */
#include <string.h>

#include <criterion/criterion.h>

#include "cuse-server/base/json/json-text.h"
#include "cuse-server/inventory/char-devices.h"
#include "cuse-server/oci/config/oci-devices.h"
#include "tests/unit/oci/device-rules.h"

/* --- a host with NVIDIA's driver, of which modules are still to come --------------------------- */

static const struct {
    unsigned major_no;
    const char *name;
} drivers[] = {
    {1, "mem"},         {4, "tty"},           {4, "ttyS"},         {5, "/dev/tty"},
    {10, "misc"},       {136, "pts"},         {195, "nvidia"},     {195, "nvidiactl"},
    {226, "drm"},       {242, "rtc"},         {243, "nvidia-uvm"}, {244, "nvcuse!box-1!nvidiactl"},
    {246, "something"}, {246, "nvidia-caps"}, {29, "fb"},          {89, "i2c"},
    {235, "aux"},
};

static HostNumbers *host(bool with_others)
{
    HostNumbers *numbers = g_new(HostNumbers, 1);
    const DeviceNumber others[] = {{226, 0}, {226, 128}, {29, 0}, {89, 3}, {235, 1}};

    *numbers = (HostNumbers){g_array_new(FALSE, FALSE, sizeof(CharDevice)),
                             g_array_new(FALSE, FALSE, sizeof(DeviceNumber))};
    for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
        CharDevice driver = {drivers[i].major_no, (char *)drivers[i].name};
        g_array_append_val(numbers->drivers, driver);
    }
    if (with_others) {
        g_array_append_vals(numbers->others, others, G_N_ELEMENTS(others));
    }
    return numbers;
}

/*
 * The kernel assigns 250 and 511 dynamically. Of majors that other drivers have too, minors such as 226:1 are NVIDIA's or
 * unused.
 */
static const struct {
    gint64 major_no;
    gint64 minor_no;
} nvidias[] = {
    {195, 0}, {195, 254}, {195, 255}, {243, 0},   {244, 0}, {246, 1}, {250, 0},
    {384, 0}, {511, 3},   {226, 1},   {226, 129}, {29, 1},  {89, 0},  {235, 0},
};

static JsonValue *closed_with_notes(const char *rules, bool with_others, GPtrArray *notes)
{
    g_autofree char *text = g_strdup_printf("{\"resources\": {\"devices\": %s}}", rules);
    g_autoptr(HostNumbers) numbers = host(with_others);
    g_autoptr(GError) error = NULL;
    JsonValue *section = json_text_parse(text, -1, NULL);

    cr_assert(oci_devices_close(numbers, section, notes, &error), "%s: %s", rules,
              error ? error->message : "");
    return section;
}

static JsonValue *closed(const char *rules, bool with_others)
{
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);

    return closed_with_notes(rules, with_others, notes);
}

static JsonValue *rules_of(JsonValue *section)
{
    return json_member_array(json_member_object(section, "resources"), "devices");
}

static bool allowed(JsonValue *section, char type, gint64 major_no, gint64 minor_no,
                    const char *access)
{
    bool runc = allowed_by_runc(rules_of(section), type, major_no, minor_no, access);
    bool crun = allowed_by_crun(rules_of(section), type, major_no, minor_no, access);

    cr_assert_eq(runc, crun, "%c %" G_GINT64_FORMAT ":%" G_GINT64_FORMAT " %s: %s with runc alone",
                 type, major_no, minor_no, access, runc ? "allowed" : "denied");
    return runc;
}

#define DENY_ALL "{\"allow\": false, \"access\": \"rwm\"}"

/* Rules of privileged containers, of docker's --device-cgroup-rule, and others. */
static const char *const wide[] = {
    "[{\"allow\": true, \"access\": \"rwm\"}]",
    "[{\"allow\": true, \"type\": \"a\", \"access\": \"rwm\"}]",
    "[{\"allow\": true, \"type\": \"\", \"major\": -1, \"minor\": null, \"access\": \"rwm\"}]",
    "[" DENY_ALL ", {\"allow\": true, \"type\": \"a\", \"access\": \"rw\"}]",
    "[" DENY_ALL ", {\"allow\": true, \"type\": \"c\", \"access\": \"rwm\"}]",
    ("[" DENY_ALL ", {\"allow\": true, \"type\": \"c\", \"access\": \"w\"},"
     " {\"allow\": true, \"type\": \"c\", \"access\": \"r\"}]"),
    "[{\"allow\": true, \"type\": \"c\", \"major\": -1, \"minor\": -1, \"access\": \"rwm\"}]",
    ("[{\"allow\": false, \"type\": \"c\", \"major\": 195, \"access\": \"rwm\"},"
     " {\"allow\": true, \"access\": \"rwm\"}]"),
};

Test(oci_devices, an_allowance_of_everything_is_none_of_nvidias)
{
    for (size_t w = 0; w < G_N_ELEMENTS(wide); w++) {
        for (int drm = 0; drm < 2; drm++) {
            g_autoptr(JsonValue) section = closed(wide[w], drm);
            for (size_t i = 0; i < G_N_ELEMENTS(nvidias); i++) {
                cr_assert_not(allowed(section, 'c', nvidias[i].major_no, nvidias[i].minor_no, "r"),
                              "%s: %d", wide[w], (int)nvidias[i].major_no);
                cr_assert_not(allowed(section, 'c', nvidias[i].major_no, nvidias[i].minor_no, "w"),
                              "%s: %d", wide[w], (int)nvidias[i].major_no);
            }
        }
    }
}

Test(oci_devices, and_all_of_the_others)
{
    /* Some of these have no driver that is loaded: 21 (SCSI), 81 (video), 116 (sound), 260 (free). */
    static const gint64 others[] = {1, 4, 5, 10, 21, 81, 116, 136, 242, 260};

    for (size_t w = 0; w < G_N_ELEMENTS(wide); w++) {
        g_autoptr(JsonValue) section = closed(wide[w], true);
        for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
            cr_assert(allowed(section, 'c', others[i], 7, "r"), "%s: %d", wide[w], (int)others[i]);
            cr_assert(allowed(section, 'c', others[i], 7, "w"), "%s: %d", wide[w], (int)others[i]);
        }
        cr_assert(allowed(section, 'c', 226, 0, "r"), "%s", wide[w]);
        cr_assert(allowed(section, 'c', 226, 128, "w"), "%s", wide[w]);
        cr_assert(allowed(section, 'c', 29, 0, "w"), "%s", wide[w]);
        cr_assert(allowed(section, 'c', 89, 3, "w"), "%s", wide[w]);
        cr_assert(allowed(section, 'c', 235, 1, "r"), "%s", wide[w]);
    }
}

Test(oci_devices, a_privileged_container_keeps_block_devices_and_makes_nodes)
{
    g_autoptr(JsonValue) section = closed(wide[0], false);

    cr_assert(allowed(section, 'b', 8, 0, "rw"));
    cr_assert(allowed(section, 'b', 195, 0, "rwm"));
    cr_assert(allowed(section, 'c', 195, 0, "m"));
}

#define ALLOW_DRM "{\"allow\": true, \"type\": \"c\", \"access\": \"rw\", \"major\": 226"

Test(oci_devices, rules_about_drm_are_about_other_drivers)
{
    static const char *const rules[] = {
        "[" DENY_ALL ", " ALLOW_DRM "}]",
        "[" DENY_ALL ", " ALLOW_DRM ", \"minor\": 128}, " ALLOW_DRM ", \"minor\": 129}]",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        g_autoptr(JsonValue) with = closed(rules[i], true);
        g_autoptr(JsonValue) without = closed(rules[i], false);
        cr_assert(allowed(with, 'c', 226, 128, "rw"));
        cr_assert_not(allowed(with, 'c', 226, 129, "rw"));
        cr_assert_not(allowed(without, 'c', 226, 128, "rw"));
    }
}

Test(oci_devices, what_is_not_nvidias_stays_as_it_is)
{
    g_autoptr(JsonValue) section = closed(
        "[" DENY_ALL ", {\"allow\": true, \"type\": \"c\", \"major\": 10, \"minor\": 229, "
        "\"access\": \"rwm\"}, {\"allow\": true, \"type\": \"c\", \"major\": 116, \"access\": "
        "\"rw\"}, {\"allow\": true, \"type\": \"c\", \"access\": \"m\"}, {\"allow\": false, "
        "\"type\": \"c\", \"major\": 116, \"access\": \"w\"}]",
        false);

    cr_assert(allowed(section, 'c', 10, 229, "rw"));
    cr_assert_not(allowed(section, 'c', 10, 228, "rw"));
    cr_assert(allowed_by_crun(rules_of(section), 'c', 116, 0, "r"));
    cr_assert_not(allowed_by_crun(rules_of(section), 'c', 116, 0, "w"));
    cr_assert(allowed(section, 'c', 195, 255, "m"));
    cr_assert_not(allowed(section, 'b', 8, 0, "r"));
}

Test(oci_devices, no_rules_allow_nothing)
{
    g_autoptr(JsonValue) section = closed("[]", true);
    g_autoptr(JsonValue) absent = closed("null", true);
    Rule first = rule_of(rules_of(section), 0);

    cr_assert(!first.allow && first.type == 'a');
    cr_assert_not(allowed(section, 'c', 1, 1, "r"));
    cr_assert_not(allowed(absent, 'c', 195, 255, "rw"));
}

Test(oci_devices, what_runtimes_read_in_two_ways_is_refused)
{
    static const char *const rules[] = {
        /* 195 if it is cut to 32 bits. */
        "[{\"allow\": true, \"type\": \"c\", \"major\": 4294967491, \"access\": \"rw\"}]",
        "[{\"allow\": true, \"type\": \"c\", \"major\": 18446744073709551615, \"access\": \"rw\"}]",
        "[{\"allow\": true, \"type\": \"c\", \"major\": 4096, \"access\": \"rw\"}]",
        "[{\"allow\": true, \"type\": \"c\", \"major\": -2, \"access\": \"rw\"}]",
        "[{\"allow\": true, \"type\": \"c\", \"major\": 195.0, \"access\": \"rw\"}]",
        "[{\"allow\": true, \"type\": \"c\", \"major\": \"195\", \"access\": \"rw\"}]",
        "[{\"type\": \"c\", \"major\": 226, \"minor\": 1048576, \"access\": \"rw\"}]",
        "[{\"allow\": true, \"major\": 195, \"access\": \"rw\"}]",
        "[{\"allow\": true, \"type\": \"a\", \"minor\": 255, \"access\": \"rw\"}]",
        "[{\"allow\": true, \"type\": \"char\", \"major\": 195, \"access\": \"rw\"}]",
        "[{\"allow\": true, \"type\": \"u\", \"major\": 195, \"access\": \"rw\"}]",
        "[{\"allow\": true, \"type\": 1, \"major\": 195, \"access\": \"rw\"}]",
        "[{\"allow\": \"true\", \"type\": \"c\", \"major\": 1, \"access\": \"rw\"}]",
        "[195]",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        g_autofree char *text = g_strdup_printf("{\"resources\": {\"devices\": %s}}", rules[i]);
        g_autoptr(JsonValue) section = json_text_parse(text, -1, NULL);
        g_autoptr(HostNumbers) numbers = host(true);
        g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GError) error = NULL;
        cr_assert_not(oci_devices_close(numbers, section, notes, &error), "%s", rules[i]);
        cr_assert_not_null(error);
    }
}

/* --- denials after an allowance of everything --------------------------------------------------- */

#define ALLOW_ALL "{\"allow\": true, \"access\": \"rwm\"}"
#define DENY_C    "{\"allow\": false, \"type\": \"c\", \"access\": \"rwm\""

Test(oci_devices, a_denial_of_what_a_rule_allowed_is_taken_from_the_list)
{
    g_autoptr(JsonValue) section = closed(
        "[" ALLOW_ALL ", " DENY_C ", \"major\": 10}, " DENY_C
        ", \"major\": 226, \"minor\": 0}, " DENY_C
        ", \"major\": 195}, {\"allow\": false, \"type\": \"c\", \"major\": 21, \"access\": "
        "\"w\"}, {\"allow\": true, \"type\": \"c\", \"major\": 10, \"minor\": 229, \"access\": "
        "\"rw\"}]",
        true);

    cr_assert_not(allowed(section, 'c', 10, 228, "r"));
    cr_assert(allowed(section, 'c', 10, 229, "rw"), "a later rule allows it again");
    cr_assert_not(allowed(section, 'c', 226, 0, "r"));
    cr_assert(allowed(section, 'c', 226, 128, "r"));
    cr_assert_not(allowed(section, 'c', 195, 255, "r"));
    cr_assert(allowed(section, 'c', 21, 0, "r"));
    cr_assert_not(allowed(section, 'c', 21, 0, "w"));
    cr_assert(allowed(section, 'c', 1, 3, "rw"));
    cr_assert(allowed(section, 'b', 8, 0, "rwm"));
}

Test(oci_devices, a_denial_of_every_character_device_is_one)
{
    g_autoptr(JsonValue) section = closed("[" ALLOW_ALL ", " DENY_C "}]", true);

    cr_assert_not(allowed(section, 'c', 1, 3, "r"));
    cr_assert_not(allowed(section, 'c', 226, 0, "r"));
    cr_assert(allowed(section, 'b', 8, 0, "rw"));
}

Test(oci_devices, a_denial_that_no_list_can_say_is_refused)
{
    static const char *const denials[] = {
        DENY_C ", \"major\": 10, \"minor\": 229}",
        DENY_C ", \"minor\": 229}",
        "{\"allow\": false, \"type\": \"b\", \"major\": 8, \"access\": \"rwm\"}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(denials); i++) {
        g_autofree char *text =
            g_strdup_printf("{\"resources\": {\"devices\": [" ALLOW_ALL ", %s]}}", denials[i]);
        g_autoptr(JsonValue) section = json_text_parse(text, -1, NULL);
        g_autoptr(HostNumbers) numbers = host(true);
        g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GError) error = NULL;
        cr_assert_not(oci_devices_close(numbers, section, notes, &error), "%s", denials[i]);
        cr_assert(strstr(error->message, "rule 1 ") && strstr(error->message, "a part of"), "%s",
                  error->message);
    }
}

/* runc applies a rule about all devices to every kind of access. */
Test(oci_devices, to_make_every_node_is_not_to_open_it)
{
    g_autoptr(JsonValue) section =
        closed("[" DENY_ALL ", {\"allow\": true, \"type\": \"a\", \"access\": \"m\"}]", true);

    cr_assert_not(allowed(section, 'c', 195, 255, "r"));
    cr_assert_not(allowed(section, 'c', 1, 3, "r"));
    cr_assert(allowed(section, 'c', 195, 255, "m"));
    cr_assert(allowed(section, 'b', 8, 0, "m"));
}

/* --- what is said ------------------------------------------------------------------------------ */

static void says(const GPtrArray *notes, guint i, const char *words)
{
    cr_assert_lt(i, notes->len, "%s", words);
    cr_assert(strstr(g_ptr_array_index(notes, i), words), "%s: %s", words,
              (const char *)g_ptr_array_index(notes, i));
}

Test(oci_devices, what_is_left_out_is_said)
{
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(JsonValue) section =
        closed_with_notes("[" DENY_ALL ", " ALLOW_DRM
                          "}, {\"allow\": true, \"type\": \"c\", \"major\": 243, \"access\": "
                          "\"rw\"}, {\"allow\": true, \"type\": \"c\", \"major\": 250, \"access\": "
                          "\"rw\"}, {\"allow\": "
                          "true, \"type\": \"c\", \"major\": 10, \"access\": \"rw\"}]",
                          true, notes);

    cr_assert_eq(notes->len, 3);
    says(notes, 0, "device rule 1 (c 226:* rw)");
    says(notes, 0, "226:0, 226:128");
    says(notes, 1,
         "device rule 2 (c 243:* rw) was removed: the number belongs to the driver nvidia-uvm");
    says(notes, 2, "device rule 3 (c 250:* rw) was removed: no driver has this major");
}

Test(oci_devices, of_an_allowance_of_everything_as_well)
{
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(JsonValue) section = closed_with_notes("[" ALLOW_ALL "]", true, notes);

    cr_assert_eq(notes->len, 1);
    says(notes, 0,
         "195 (nvidia), 243 (nvidia-uvm), 244 (nvcuse!box-1!nvidiactl), 246 (nvidia-caps)");
    says(notes, 0, "of major 29 only other drivers' nodes stay: 29:0;");
    says(notes, 0, "of major 226 only other drivers' nodes stay: 226:0, 226:128");
    says(notes, 0, "234, 236-241, 245, 247-254, 384-511");
}

Test(oci_devices, nodes_of_nvidias_go)
{
    g_autoptr(JsonValue) section = json_text_parse(
        "{\"devices\": [{\"type\": \"c\", \"major\": 195, \"minor\": 255}, {\"type\": \"c\", "
        "\"major\": "
        "10, \"minor\": 229}, {\"type\": \"c\", \"major\": 226, \"minor\": 129}, {\"type\": \"c\", "
        "\"major\": 226, \"minor\": 128}, {\"type\": \"c\", \"major\": 243, \"minor\": 0}, "
        "{\"type\": \"b\", \"major\": 243, \"minor\": 0}]}",
        -1, NULL);
    g_autoptr(HostNumbers) numbers = host(true);

    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);

    cr_assert(oci_devices_close(numbers, section, notes, NULL));
    cr_assert_eq(notes->len, 3);
    JsonValue *nodes = json_member_array(section, "devices");
    cr_assert_eq(json_length(nodes), 3, "a block device has numbers of its own");
    cr_assert_eq(number_of(json_element_object(nodes, 0), "major"), 10);
    cr_assert_eq(number_of(json_element_object(nodes, 1), "minor"), 128);
}
