/* SPDX-License-Identifier: Apache-2.0 */
/* A container's configuration, as it is read, merged and written back. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <string.h>
#include <sys/ptrace.h>

#include "cuse-server/base/json/json-text.h"
#include "cuse-server/container/container-files.h"
#include "cuse-server/container/guest-filter.h"
#include "cuse-server/oci/config/oci-annotations.h"
#include "cuse-server/oci/config/oci-request.h"
#include "cuse-server/oci/hooks/hook-environment.h"
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

/* The action for a call. No call may match rules with different actions: whose would win depends on
 * the library. */
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

static const int others[] = {O_RDONLY,          O_WRONLY,          O_RDWR | O_CREAT,
                             O_RDWR | O_PATH,   O_RDONLY | O_PATH, O_RDWR | O_DIRECTORY,
                             O_WRONLY | O_CREAT};

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

    assert_open(section, O_RDWR | O_CLOEXEC, NOTIFY);
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

    assert_open(section, O_RDWR | O_CLOEXEC, NOTIFY);
    assert_others(section, ALLOW);
    cr_assert_str_eq(action_of(profile, "read", none), ALLOW);
    /* Not allowed before, so not sent either: the broker's "go on" would allow it. */
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

/* The act by which an agent's file could be had: asked about whatever its arguments are. */
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

/* Without a rule of ours a debugger finds the agents, and that is all: a profile that looks at the requests stays as it is. */
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
        g_autofree char *names = container_node_names(devices, n);
        cr_assert_eq(container_node_needs(names).capability_nodes,
                     filter_needs(devices, n).capability_nodes);
    }
    g_autofree char *names = container_node_names(devices, G_N_ELEMENTS(devices));
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
    assert_open(section, O_WRONLY, ALLOW);
    assert_open(section, O_RDONLY | O_DIRECTORY, ALLOW);
}

/* TCGETS, SIOCGIFCONF, DRM_IOCTL_VERSION, UVM_INITIALIZE without its type's upper bits, and what is no number of UVM's. */
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

/* Profiles with more members, and the flags that they get; NULL: no list. */
static const struct {
    bool wait_killable;
    const char *members;
    const char *flags;
} flag_cases[] = {
    {false, "", NULL},
    {false, ", \"flags\": [" LOG "]", "[" LOG "]"},
    {false, ", \"flags\": [" KILLABLE "]", "[" KILLABLE "]"},
    /* What runtimes take without a list stays, and an empty list is one. */
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

/* --- the rest --------------------------------------------------------------------------------- */

/* What does a process with these variables, in JSON, ask for? The host here has no GPU. */
static char *asked(const char *env, bool environment, bool *ok)
{
    g_autofree char *text = g_strdup_printf("{\"process\": {\"env\": [%s]}}", env);
    g_autoptr(JsonValue) config = json_text_parse(text, -1, NULL);
    const OciPolicy policy = {.environment = environment, .caps = NV_CAPS_DEFAULT};
    g_autoptr(GError) error = NULL;
    OciRequest request;

    *ok = oci_request_read(config, &policy, &request, &error);
    return *ok && request.gpus ? request.gpus : NULL;
}

Test(oci_request, nvidias_variables_mean_what_they_mean_to_nvidia)
{
    static const struct {
        const char *env;
        const char *gpus;
    } rows[] = {
        {"", NULL},
        {"\"NVIDIA_VISIBLE_DEVICES=\"", NULL},
        {"\"NVIDIA_VISIBLE_DEVICES=void\"", NULL},
        {"\"NVIDIA_VISIBLE_DEVICES=none\"", "none"},
        {"\"NVIDIA_VISIBLE_DEVICES=all\"", "all"},
        {"\"NVIDIA_VISIBLE_DEVICES=all\", \"NVIDIA_VISIBLE_DEVICES=void\"", NULL},
        {"\"CUDA_VERSION=8.0\"", "all"},
        {"\"CUDA_VERSION=8.0\", \"NVIDIA_REQUIRE_CUDA=cuda>=8.0\"", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        bool ok;
        g_autofree char *gpus = asked(rows[i].env, true, &ok);
        cr_assert(ok, "%s", rows[i].env);
        cr_assert_str_eq(gpus ? gpus : "-", rows[i].gpus ? rows[i].gpus : "-", "%s", rows[i].env);
    }
}

Test(oci_request, what_is_not_there_or_not_allowed_is_an_error)
{
    static const char *const envs[] = {
        "\"NVIDIA_VISIBLE_DEVICES=99\"",
        "\"NVIDIA_VISIBLE_DEVICES=GPU-1\"",
        "\"NVIDIA_VISIBLE_DEVICES=0:1\"",
        "\"NVIDIA_VISIBLE_DEVICES=all\", \"NVIDIA_DRIVER_CAPABILITIES=video\"",
    };
    bool ok;

    for (size_t i = 0; i < G_N_ELEMENTS(envs); i++) {
        asked(envs[i], true, &ok);
        cr_assert_not(ok, "%s", envs[i]);
    }
    cr_assert_null(asked("\"NVIDIA_VISIBLE_DEVICES=all\"", false, &ok));
    cr_assert(ok);
}

/* --- what an image cannot do ------------------------------------------------------------------ */

/* A container with a node of GPU 0, variables and annotations. */
static bool request_of(const char *env, const char *annotations, const OciPolicy *policy,
                       OciRequest *request)
{
    g_autofree char *text = g_strdup_printf(
        "{\"linux\": {\"devices\": [{\"type\": \"c\", \"major\": 195, \"minor\": 0}]},"
        " \"process\": {\"env\": [%s]}, \"annotations\": {%s}}",
        env, annotations);
    g_autoptr(JsonValue) config = json_text_parse(text, -1, NULL);

    return oci_request_read(config, policy, request, NULL);
}

Test(oci_request, annotations_do_not_count_by_default)
{
    const OciPolicy policy = {.environment = true, .caps = NV_CAPS_SUPPORTED};
    static const char *const annotations[] = {
        "\"nvcuse.dev/gpus\": \"all\"",
        "\"nvcuse.dev/gpus\": \"none\"",
        "\"nvcuse.dev/gpus\": \"void\"",
        "\"nvcuse.dev/gpus\": \"77\"",
        "\"nvcuse.dev/caps\": \"video,graphics\"",
        "\"nvcuse.dev/caps\": \"nonsense\"",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(annotations); i++) {
        OciRequest request;
        cr_assert(request_of("", annotations[i], &policy, &request), "%s", annotations[i]);
        cr_assert_str_eq(request.gpus, "0", "%s", annotations[i]);
        cr_assert_eq(request.caps, NV_CAPS_DEFAULT, "%s", annotations[i]);
        oci_request_clear(&request);
    }
}

Test(oci_request, annotations_that_count_only_narrow)
{
    const OciPolicy policy = {.annotations = true, .caps = NV_CAPS_SUPPORTED};
    static const struct {
        const char *annotations;
        const char *gpus;
        NvCaps caps;
    } rows[] = {
        {"\"nvcuse.dev/gpus\": \"all\"", "0", NV_CAPS_DEFAULT},
        {"\"nvcuse.dev/gpus\": \"none\"", "none", NV_CAPS_DEFAULT},
        /* Never to nothing, or NVIDIA's node in it would stay. */
        {"\"nvcuse.dev/gpus\": \"void\"", "none", NV_CAPS_DEFAULT},
        {"\"nvcuse.dev/gpus\": \"\"", "none", NV_CAPS_DEFAULT},
        {"\"nvcuse.dev/caps\": \"all\"", "0", NV_CAPS_DEFAULT},
        {"\"nvcuse.dev/caps\": \"compute,video\"", "0", NV_CAP_COMPUTE},
        {"\"nvcuse.dev/caps\": \"video\"", "0", 0},
    };
    OciRequest request;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        cr_assert(request_of("", rows[i].annotations, &policy, &request), "%s",
                  rows[i].annotations);
        cr_assert_str_eq(request.gpus, rows[i].gpus, "%s", rows[i].annotations);
        cr_assert_eq(request.caps, rows[i].caps, "%s", rows[i].annotations);
        oci_request_clear(&request);
    }
    cr_assert_not(request_of("", "\"nvcuse.dev/caps\": \"nonsense\"", &policy, &request));
}

Test(oci_request, annotations_give_nothing)
{
    const OciPolicy policy = {.annotations = true, .caps = NV_CAPS_SUPPORTED};
    g_autoptr(JsonValue) config =
        json_text_parse("{\"annotations\": {\"nvcuse.dev/gpus\": \"all\"}}", -1, NULL);
    OciRequest request;

    cr_assert(oci_request_read(config, &policy, &request, NULL));
    cr_assert_null(request.gpus);
}

Test(oci_request, a_closed_environment_does_not_widen_what_was_given)
{
    const OciPolicy policy = {.environment = false, .caps = NV_CAPS_SUPPORTED};
    OciRequest request;

    cr_assert(request_of("\"NVIDIA_VISIBLE_DEVICES=all\", \"NVIDIA_DRIVER_CAPABILITIES=all\"", "",
                         &policy, &request));
    cr_assert_str_eq(request.gpus, "0");
    cr_assert_eq(request.caps, NV_CAPS_DEFAULT);
    oci_request_clear(&request);
    cr_assert(request_of("\"CUDA_VERSION=8.0\"", "", &policy, &request));
    cr_assert_eq(request.caps, NV_CAPS_DEFAULT);
    oci_request_clear(&request);
}

/* What a container gets that asks by its environment, or has nodes of GPUs 0 and 1. The caller frees it. */
static char *limited(const char *gpus, const char *limit)
{
    g_autofree char *text = g_strdup_printf("{\"process\": {\"env\": [%s]}}", gpus);
    g_autoptr(JsonValue) config = json_text_parse(
        strstr(gpus, "NVIDIA") ? text
                               : "{\"linux\": {\"devices\": ["
                                 "{\"type\": \"c\", \"major\": 195, \"minor\": 0},"
                                 "{\"type\": \"c\", \"major\": 195, \"minor\": 1}]}}",
        -1, NULL);
    const OciPolicy policy = {.environment = true, .caps = NV_CAPS_SUPPORTED, .gpus = limit};
    OciRequest request;

    cr_assert(oci_request_read(config, &policy, &request, NULL), "%s", gpus);
    return request.gpus;
}

Test(oci_request, the_operators_gpus_are_a_limit)
{
    static const char all[] = "\"NVIDIA_VISIBLE_DEVICES=all\"";
    static const char none[] = "\"NVIDIA_VISIBLE_DEVICES=none\"";
    static const struct {
        const char *gpus;
        const char *limit;
        const char *given;
    } rows[] = {
        {all, "1", "1"},           {all, "all", "all"},    {all, "none", "none"},
        {none, "1", "none"},       {none, "all", "none"},  {"nodes", "1", "1"},
        {"nodes", "01", "1"},      {"nodes", "7", "none"}, {"nodes", "1, 0", "0,1"},
        {"nodes", "none", "none"}, {"nodes", NULL, "0,1"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *given = limited(rows[i].gpus, rows[i].limit);
        cr_assert_str_eq(given, rows[i].given, "%s of %s", rows[i].gpus, rows[i].limit);
    }
    cr_assert_null(limited("\"NVIDIA_VISIBLE_DEVICES=void\"", "1"), "a limit gives nothing");
}

/* --- annotations that runtimes obey ----------------------------------------------------------- */

static bool annotations_pass(const char *annotations)
{
    g_autofree char *text = g_strdup_printf("{\"annotations\": {%s}}", annotations);
    g_autoptr(JsonValue) config = json_text_parse(text, -1, NULL);
    g_autoptr(GError) error = NULL;
    bool ok = oci_annotations_check(config, &error);

    cr_assert_eq(ok, error == NULL);
    return ok;
}

Test(oci_annotations, what_crun_does_at_an_images_word_is_refused)
{
    static const char *const refused[] = {
        "run.oci.hooks.stdout",    "run.oci.hooks.stderr",     "run.oci.seccomp_bpf_data",
        "run.oci.seccomp.plugins", "run.oci.seccomp.receiver", "run.oci.handler",
        "run.oci.pidfd_receiver",  "run.oci.yet_unknown",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autofree char *text = g_strdup_printf("\"a\": \"b\", \"%s\": \"x\"", refused[i]);
        cr_assert_not(annotations_pass(text), "%s", refused[i]);
    }
    cr_assert_not(annotations_pass("\"run.oci\\u002ehooks.stdout\": \"x\""));
}

Test(oci_annotations, others_pass)
{
    cr_assert(annotations_pass(""));
    cr_assert(annotations_pass(
        "\"run.oci.keep_original_groups\": \"1\", \"io.podman\": \"run.oci.handler\", "
        "\"org.opencontainers.image.title\": \"x\""));
}

/* --- hooks ------------------------------------------------------------------------------------ */

/* The environment of a hook after it was closed, as text. */
static char *closed_env(const char *hook_text)
{
    g_autoptr(JsonValue) hook = json_text_parse(hook_text, -1, NULL);
    g_autoptr(GString) text = g_string_new(NULL);

    hook_environment_close(hook);
    JsonValue *env = json_member_array(hook, "env");
    for (guint i = 0; i < json_length(env); i++) {
        g_string_append_printf(text, "%s;", json_element_string(env, i));
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

Test(hook_environment, a_hook_without_one_gets_path_alone)
{
    static const char *const hooks[] = {
        "{\"path\": \"/x\"}",
        "{\"path\": \"/x\", \"env\": []}",
        "{\"path\": \"/x\", \"env\": null}",
        "{\"path\": \"/x\", \"env\": \"LD_PRELOAD=/x\"}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(hooks); i++) {
        g_autofree char *env = closed_env(hooks[i]);
        cr_assert_str_eq(env, "PATH=" HOOK_PATH ";", "%s", hooks[i]);
    }
}

Test(hook_environment, what_an_operator_has_given_stays)
{
    g_autofree char *env = closed_env("{\"path\": \"/x\", \"env\": [\"A=1\", \"B=2\"]}");

    cr_assert_str_eq(env, "A=1;B=2;");
}
