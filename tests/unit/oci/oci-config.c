/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request for GPUs in a container's configuration, how annotations and variables of an image are limited, and the
 * environment of hooks.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "cuse-server/base/json/json-text.h"
#include "cuse-server/oci/config/oci-annotations.h"
#include "cuse-server/oci/hooks/hook-environment.h"
#include "cuse-server/oci/request/oci-request.h"

/* The GPUs that a process with these variables (in JSON) asks for. This host has no GPU. */
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

/* Read the request of a container with a node of GPU 0, variables and annotations. */
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
        /* Never "void": then NVIDIA's node would stay in the container. */
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

/* The GPUs of a container that asks for them by its environment, or has nodes of GPUs 0 and 1. The caller frees the text. */
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
        {all, "minor:1", "1"},
        {all, "all", "all"},
        {all, "none", "none"},
        {none, "minor:1", "none"},
        {none, "all", "none"},
        {"nodes", "minor:1", "1"},
        {"nodes", "minor:01", "1"},
        {"nodes", "minor:7", "none"},
        {"nodes", "minor:1, minor:0", "0,1"},
        {"nodes", "none", "none"},
        {"nodes", NULL, "0,1"},
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

/* The environment of a hook after hook_environment_close(), as text. */
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
