/* SPDX-License-Identifier: Apache-2.0 */
/* A container's seccomp profile with nvcuse's rules merged into it: the action for each call. */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ptrace.h>

#include <criterion/criterion.h>

#include "cuse-server/base/json/json-text.h"
#include "cuse-server/container/container-files.h"
#include "cuse-server/container/guest-filter.h"
#include "cuse-server/oci/seccomp/oci-seccomp.h"

/* --- what a profile does with a call: the first rule whose comparisons all hold --------------- */

static bool compares(JsonValue *arg, const uint64_t *values)
{
    const char *op = json_member_string(arg, "op");
    uint64_t index;
    uint64_t value;
    uint64_t second = 0;

    cr_assert(json_uint_get(json_member(arg, "index"), &index));
    cr_assert(json_uint_get(json_member(arg, "value"), &value));
    (void)json_uint_get(json_member(arg, "valueTwo"), &second);
    if (strcmp(op, "SCMP_CMP_MASKED_EQ") == 0) {
        return (values[index] & value) == second;
    }
    return strcmp(op, "SCMP_CMP_EQ") == 0 ? values[index] == value : values[index] != value;
}

static bool matches(JsonValue *rule, const char *call, const uint64_t *values)
{
    JsonValue *names = json_member_array(rule, "names");
    JsonValue *args = json_member_array(rule, "args");
    bool found = false;

    for (guint i = 0; i < json_length(names); i++) {
        found = found || strcmp(json_element_string(names, i), call) == 0;
    }
    for (guint i = 0; found && args && i < json_length(args); i++) {
        found = compares(json_element_object(args, i), values);
    }
    return found;
}

/*
 * The action for a call: that of the first rule whose comparisons all hold. No call may match rules with different actions,
 * because the library decides which one wins.
 */
static const char *action_of(JsonValue *profile, const char *call, const uint64_t *values)
{
    JsonValue *rules = json_member_array(profile, "syscalls");
    const char *action = NULL;

    for (guint i = 0; i < json_length(rules); i++) {
        JsonValue *rule = json_element_object(rules, i);
        if (matches(rule, call, values)) {
            const char *this_action = json_member_string(rule, "action");
            cr_assert(!action || strcmp(action, this_action) == 0, "%s: %s and %s", call, action,
                      this_action);
            action = this_action;
        }
    }
    return action ? action : json_member_string(profile, "defaultAction");
}

static JsonValue *merged_for(const char *profile, const FilterNeeds *needs)
{
    g_autofree char *text =
        profile ? g_strdup_printf("{\"seccomp\": %s}", profile) : g_strdup("{}");
    g_autoptr(GError) error = NULL;
    JsonValue *section = json_text_parse(text, -1, NULL);

    cr_assert(oci_seccomp_merge(section, "/run/x.sock", needs, false, &error), "%s",
              error ? error->message : "");
    return section;
}

static JsonValue *merged(const char *profile, bool capability_nodes)
{
    return merged_for(profile, &(FilterNeeds){.capability_nodes = capability_nodes});
}

static const char *open_action(JsonValue *section, int dirfd, int flags)
{
    const uint64_t values[6] = {(uint64_t)(int64_t)dirfd, 1, (uint64_t)flags};

    return action_of(json_member_object(section, "seccomp"), "openat", values);
}

static void assert_open(JsonValue *section, int flags, const char *action)
{
    cr_assert_str_eq(open_action(section, AT_FDCWD, flags), action, "flags %x", flags);
}

#define ALLOW  "SCMP_ACT_ALLOW"
#define ERRNO  "SCMP_ACT_ERRNO"
#define NOTIFY "SCMP_ACT_NOTIFY"

static const int others[] = {O_RDONLY,
                             O_RDWR | O_PATH,
                             O_RDONLY | O_PATH,
                             O_RDWR | O_DIRECTORY,
                             O_WRONLY | O_CREAT,
                             O_RDONLY | O_CREAT,
                             O_RDWR | O_CREAT | O_EXCL,
                             O_WRONLY | O_CREAT | O_EXCL,
                             O_RDWR | O_DIRECTORY | O_EXCL};
static const int watched_opens[] = {O_RDWR | O_CLOEXEC, O_RDWR | O_CREAT,   O_RDWR | O_EXCL,
                                    O_WRONLY,           O_WRONLY | O_TRUNC, O_WRONLY | O_EXCL};

static void assert_watched(JsonValue *section)
{
    for (size_t i = 0; i < G_N_ELEMENTS(watched_opens); i++) {
        assert_open(section, watched_opens[i], NOTIFY);
    }
}

static void assert_others(JsonValue *section, const char *action)
{
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        assert_open(section, others[i], action);
    }
}

Test(oci_seccomp, a_profile_is_made_where_there_is_none)
{
    g_autoptr(JsonValue) section = merged(NULL, false);
    JsonValue *profile = json_member_object(section, "seccomp");

    assert_watched(section);
    assert_others(section, ALLOW);
    cr_assert_str_eq(json_member_string(profile, "listenerPath"), "/run/x.sock");
    cr_assert_eq(json_length(json_member_array(profile, "architectures")), 3);
}

Test(oci_seccomp, a_rule_that_allows_does_not_swallow_ours)
{
    g_autoptr(JsonValue) section = merged("{\"defaultAction\": \"" ERRNO
                                          "\", \"syscalls\": [{\"names\": [\"read\", \"openat\"], "
                                          "\"action\": \"" ALLOW "\"}]}",
                                          false);
    const uint64_t none[6] = {0};
    const uint64_t read_write[6] = {0, O_RDWR};
    JsonValue *profile = json_member_object(section, "seccomp");

    assert_watched(section);
    assert_others(section, ALLOW);
    cr_assert_str_eq(action_of(profile, "read", none), ALLOW);
    /* These were not allowed before, so they are not sent to the broker either: its "continue" would allow them. */
    cr_assert_str_eq(action_of(profile, "open", read_write), ERRNO);
}

Test(oci_seccomp, conditions_of_the_profile_stay)
{
    g_autoptr(JsonValue) section =
        merged("{\"defaultAction\": \"" ERRNO "\", \"syscalls\": [{\"names\": [\"openat\"], "
               "\"action\": \"" ALLOW "\", \"args\": [{\"index\": 0, \"value\": 7, \"op\": "
               "\"SCMP_CMP_EQ\"}]}]}",
               false);

    cr_assert_str_eq(open_action(section, 7, O_RDWR), NOTIFY);
    cr_assert_str_eq(open_action(section, 8, O_RDWR), ERRNO);
    cr_assert_str_eq(open_action(section, 7, O_RDONLY), ALLOW);
    cr_assert_str_eq(open_action(section, 8, O_RDONLY), ERRNO);
}

Test(oci_seccomp, what_is_refused_stays_refused)
{
    g_autoptr(JsonValue) section =
        merged("{\"defaultAction\": \"" ALLOW "\", \"syscalls\": [{\"names\": [\"openat\"], "
               "\"action\": \"" ERRNO "\", \"errnoRet\": 1}]}",
               false);

    assert_open(section, O_RDWR, ERRNO);
    assert_others(section, ERRNO);
}

/* This call could take an agent's file: it is sent to the broker whatever its arguments are. */
static void assert_getfd(const char *profile, const char *action)
{
    g_autoptr(JsonValue) section = merged(profile, false);

    for (uint64_t flags = 0; flags < 3; flags++) {
        const uint64_t values[6] = {3, 4, flags << 32 | flags};
        cr_assert_str_eq(action_of(json_member_object(section, "seccomp"), "pidfd_getfd", values),
                         action, "%s, flags %u", profile, (unsigned)flags);
    }
}

Test(oci_seccomp, a_file_is_taken_by_the_broker_or_not_at_all)
{
    assert_getfd(NULL, NOTIFY);
    assert_getfd("{\"defaultAction\": \"" ALLOW "\"}", NOTIFY);
    assert_getfd("{\"defaultAction\": \"" ERRNO "\"}", ERRNO);
    assert_getfd("{\"defaultAction\": \"" ERRNO "\", \"syscalls\": [{\"names\": [\"pidfd_getfd\"], "
                 "\"action\": \"" ALLOW "\"}]}",
                 NOTIFY);
    assert_getfd("{\"defaultAction\": \"" ERRNO "\", \"syscalls\": [{\"names\": [\"pidfd_getfd\"], "
                 "\"action\": \"SCMP_ACT_LOG\", \"args\": [{\"index\": 0, \"value\": 3, \"op\": "
                 "\"SCMP_CMP_EQ\"}]}]}",
                 NOTIFY);
    assert_getfd("{\"defaultAction\": \"" ALLOW "\", \"syscalls\": [{\"names\": [\"pidfd_getfd\"], "
                 "\"action\": \"" ERRNO "\"}]}",
                 ERRNO);
}

static void assert_ptrace(const char *profile, uint64_t request, const char *action)
{
    g_autoptr(JsonValue) section = merged(profile, false);
    const uint64_t values[6] = {request, 17};

    cr_assert_str_eq(action_of(json_member_object(section, "seccomp"), "ptrace", values), action,
                     "%s, request %u", profile, (unsigned)request);
}

/*
 * A profile that compares the requests of ptrace() stays unchanged: a debugger then finds the agents, and can do nothing else
 * to them.
 */
Test(oci_seccomp, debuggers_that_attach_are_asked_about_where_that_can_be)
{
    static const char *const allowing[] = {NULL, "{\"defaultAction\": \"" ALLOW "\"}",
                                           "{\"defaultAction\": \"" ERRNO
                                           "\", \"syscalls\": [{\"names\": [\"read\", \"ptrace\"], "
                                           "\"action\": \"" ALLOW "\"}]}"};
    static const char refusing[] =
        "{\"defaultAction\": \"" ALLOW "\", \"syscalls\": [{\"names\": [\"ptrace\"], "
        "\"action\": \"" ERRNO "\"}]}";
    static const char comparing[] =
        "{\"defaultAction\": \"" ALLOW "\", \"syscalls\": [{\"names\": [\"ptrace\"], "
        "\"action\": \"" ERRNO "\", \"args\": [{\"index\": 0, \"value\": 16, \"op\": "
        "\"SCMP_CMP_EQ\"}]}]}";

    for (size_t i = 0; i < G_N_ELEMENTS(allowing); i++) {
        assert_ptrace(allowing[i], PTRACE_ATTACH, NOTIFY);
        assert_ptrace(allowing[i], PTRACE_SEIZE, NOTIFY);
        assert_ptrace(allowing[i], PTRACE_TRACEME, ALLOW);
        assert_ptrace(allowing[i], PTRACE_CONT, ALLOW);
        assert_ptrace(allowing[i], PTRACE_SEIZE | PTRACE_ATTACH, ALLOW);
    }
    assert_ptrace(refusing, PTRACE_SEIZE, ERRNO);
    assert_ptrace(comparing, PTRACE_ATTACH, ERRNO);
    assert_ptrace(comparing, PTRACE_SEIZE, ALLOW);
}

/* The runtime learns from the names of an instance's nodes what the instance itself knows of its devices. */
Test(oci_seccomp, nodes_tell_what_the_filter_needs)
{
    const Device devices[] = {{DEVICE_FRONTEND, "nvidiactl", 1},
                              {DEVICE_DMA_BUF, "nvidia-dmabuf", 0},
                              {DEVICE_OPEN_ONLY, "nvidia-caps/nvidia-cap1", 2}};

    for (unsigned n = 1; n <= G_N_ELEMENTS(devices); n++) {
        for (int all = 0; all <= 1; all++) {
            FilterNeeds needs = filter_needs(devices, n);
            needs.all_opens = all;
            g_autofree char *names = container_node_names(devices, n, &needs);
            const FilterNeeds found = container_node_needs(names);
            cr_assert_eq(found.capability_nodes, needs.capability_nodes);
            cr_assert_eq(found.all_opens, needs.all_opens);
        }
    }
    g_autofree char *names =
        container_node_names(devices, G_N_ELEMENTS(devices), &(FilterNeeds){0});
    cr_assert_str_eq(names, "nvidiactl,nvidia-caps/nvidia-cap1*");
}

Test(oci_seccomp, read_only_opens_where_there_are_capability_nodes)
{
    g_autoptr(JsonValue) section =
        merged("{\"defaultAction\": \"" ERRNO "\", \"syscalls\": [{\"names\": [\"openat\"], "
               "\"action\": \"" ALLOW "\"}]}",
               true);

    assert_open(section, O_RDWR, NOTIFY);
    assert_open(section, O_RDONLY | O_CLOEXEC, NOTIFY);
    assert_open(section, O_WRONLY | O_CREAT, ALLOW);
    assert_open(section, O_RDONLY | O_CREAT, ALLOW);
    assert_open(section, O_RDONLY | O_DIRECTORY, ALLOW);
}

/* openat2() has its flags in memory; a profile that does not let it through keeps it closed. */
static void assert_call(const char *profile, const FilterNeeds *needs, const char *call,
                        const char *action)
{
    g_autoptr(JsonValue) section = merged_for(profile, needs);
    const uint64_t none[6] = {0};

    cr_assert_str_eq(action_of(json_member_object(section, "seccomp"), call, none), action, "%s",
                     call);
}

Test(oci_seccomp, openat2_where_the_profile_lets_it_through)
{
    const FilterNeeds few = {0};
    const FilterNeeds all = {.all_opens = true};

    assert_call(NULL, &few, "openat2", NOTIFY);
    assert_call(NULL, &few, "creat", ALLOW);
    assert_call(NULL, &all, "creat", NOTIFY);
    assert_call("{\"defaultAction\": \"" ERRNO "\", \"syscalls\": []}", &all, "openat2", ERRNO);
    assert_call("{\"defaultAction\": \"" ERRNO "\", \"syscalls\": []}", &all, "creat", ERRNO);
}

Test(oci_seccomp, all_opens_where_the_operator_wants_them)
{
    static const int opens[] = {O_RDONLY | O_CLOEXEC, O_RDONLY | O_CREAT, O_WRONLY | O_CREAT,
                                O_WRONLY | O_CREAT | O_TRUNC};
    static const int never[] = {O_RDONLY | O_DIRECTORY, O_PATH, O_WRONLY | O_CREAT | O_EXCL,
                                O_RDONLY | O_CREAT | O_EXCL, O_RDWR | O_CREAT | O_EXCL};
    g_autoptr(JsonValue) section =
        merged_for("{\"defaultAction\": \"" ERRNO
                   "\", \"syscalls\": [{\"names\": [\"openat\"], \"action\": \"" ALLOW "\"}]}",
                   &(FilterNeeds){.all_opens = true});

    assert_watched(section);
    for (size_t i = 0; i < G_N_ELEMENTS(opens); i++) {
        assert_open(section, opens[i], NOTIFY);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(never); i++) {
        assert_open(section, never[i], ALLOW);
    }
}

/* TCGETS, SIOCGIFCONF, DRM_IOCTL_VERSION, UVM_INITIALIZE without its type's upper bits, and a number that UVM does not have. */
static const uint64_t foreign_words[] = {0x5401, 0x8912, 0xc0406400, 0x10000001, 0x80, 0x30000004};

static void assert_ioctls(JsonValue *section, const uint64_t *words, size_t n, const char *action)
{
    JsonValue *profile = json_member_object(section, "seccomp");

    for (size_t i = 0; i < n; i++) {
        const uint64_t values[6] = {3, words[i]};
        cr_assert_str_eq(action_of(profile, "ioctl", values), action, "%lx",
                         (unsigned long)words[i]);
    }
}

Test(oci_seccomp, only_ioctls_that_need_their_caller_are_sent)
{
    static const uint64_t sent[] = {0xc0384627, 0x30000001};
    static const uint64_t others_of_the_driver[] = {0xc020462a, 0x22, 0x30000002};
    g_autoptr(JsonValue) section = merged(NULL, false);

    assert_ioctls(section, sent, G_N_ELEMENTS(sent), NOTIFY);
    assert_ioctls(section, others_of_the_driver, G_N_ELEMENTS(others_of_the_driver), ALLOW);
    assert_ioctls(section, foreign_words, G_N_ELEMENTS(foreign_words), ALLOW);
}

#define SPEC_ALLOW "\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\""
#define LOG        "\"SECCOMP_FILTER_FLAG_LOG\""
#define KILLABLE   "\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\""

/* Profiles with more members, and the flags that they get; NULL: no list of flags. */
static const struct {
    bool wait_killable;
    const char *members;
    const char *flags;
} flag_cases[] = {
    {false, "", NULL},
    {false, ", \"flags\": [" LOG "]", "[" LOG "]"},
    {false, ", \"flags\": [" KILLABLE "]", "[" KILLABLE "]"},
    /* Without a list, runtimes set SPEC_ALLOW, which therefore stays; an empty list counts as a list. */
    {true, "", "[" SPEC_ALLOW "," KILLABLE "]"},
    {true, ", \"flags\": null", "[" SPEC_ALLOW "," KILLABLE "]"},
    {true, ", \"flags\": []", "[" KILLABLE "]"},
    {true, ", \"flags\": [" LOG "]", "[" LOG "," KILLABLE "]"},
    {true, ", \"flags\": [" KILLABLE "," LOG "]", "[" KILLABLE "," LOG "]"},
};

Test(oci_seccomp, the_flag_is_added_once_to_those_that_are_there)
{
    for (size_t i = 0; i < G_N_ELEMENTS(flag_cases); i++) {
        g_autofree char *text = g_strdup_printf(
            "{\"seccomp\": {\"defaultAction\": \"" ALLOW "\"%s}}", flag_cases[i].members);
        g_autoptr(JsonValue) section = json_text_parse(text, -1, NULL);
        cr_assert(oci_seccomp_merge(section, "/run/x.sock", &(FilterNeeds){0},
                                    flag_cases[i].wait_killable, NULL));
        JsonValue *flags = json_member_array(json_member_object(section, "seccomp"), "flags");
        g_autofree char *written = flags ? json_text_write(flags) : NULL;
        cr_assert(g_strcmp0(written, flag_cases[i].flags) == 0, "%s: %s", text,
                  written ? written : "none");
    }
}

Test(oci_seccomp, a_profile_that_asks_nobody_gets_no_flag)
{
    g_autoptr(JsonValue) section = json_text_parse("{\"seccomp\": {\"defaultAction\": \"" ERRNO
                                                   "\", \"syscalls\": [{\"names\": [\"read\"], "
                                                   "\"action\": \"" ALLOW "\"}]}}",
                                                   -1, NULL);

    cr_assert(oci_seccomp_merge(section, "/run/x.sock", &(FilterNeeds){0}, true, NULL));
    cr_assert_null(json_member(json_member_object(section, "seccomp"), "flags"));
}

Test(oci_seccomp, what_cannot_be_merged_is_an_error)
{
    static const char *const profiles[] = {
        "{\"defaultAction\": \"" ALLOW "\", \"listenerPath\": \"/x\"}",
        "{\"defaultAction\": \"" ALLOW "\", \"syscalls\": [{\"names\": [\"kill\"], \"action\": "
        "\"" NOTIFY "\"}]}",
        "{\"defaultAction\": \"" ALLOW "\", \"syscalls\": [{\"names\": [\"openat\"], \"action\": "
        "\"" ERRNO "\", \"args\": [{\"index\": 0, \"value\": 7, \"op\": \"SCMP_CMP_EQ\"}]}]}",
        "{\"defaultAction\": \"" ERRNO "\", \"syscalls\": [{\"names\": [\"openat\"], \"action\": "
        "\"" ALLOW "\", \"args\": [{\"index\": 2, \"value\": 7, \"op\": \"SCMP_CMP_GT\"}]}]}",
        "{\"defaultAction\": \"" ERRNO "\", \"syscalls\": [{\"names\": [\"openat\"], \"action\": "
        "\"" ALLOW "\", \"args\": [{\"index\": 2, \"value\": 3, \"valueTwo\": -1, \"op\": "
        "\"SCMP_CMP_MASKED_EQ\"}]}]}",
        "{\"defaultAction\": \"" ALLOW "\", \"syscalls\": [{}]}",
        "{\"defaultAction\": \"" ALLOW "\", \"syscalls\": [7]}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(profiles); i++) {
        g_autofree char *text = g_strdup_printf("{\"seccomp\": %s}", profiles[i]);
        g_autoptr(JsonValue) section = json_text_parse(text, -1, NULL);
        g_autoptr(GError) error = NULL;
        cr_assert_not(oci_seccomp_merge(section, "/run/x.sock", &(FilterNeeds){0}, false, &error),
                      "%s", profiles[i]);
        cr_assert_not_null(error);
    }
}
