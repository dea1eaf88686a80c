/* SPDX-License-Identifier: Apache-2.0 */
/* The memory quotas of a container: the operator's limits, and how the container's configuration lowers them. */
#include <string.h>

#include <criterion/criterion.h>

#include "cuse-server/base/json/json-text.h"
#include "cuse-server/oci/request/oci-request.h"

/* Read the request of a container with the nodes of the GPUs 0 and 1. @limit: its memory limit in JSON */
static bool request_of(const char *env, const char *annotations, const char *limit,
                       const OciPolicy *policy, OciRequest *request)
{
    g_autofree char *text =
        g_strdup_printf("{\"linux\": {\"devices\": [{\"major\": 195, \"minor\": 0}, {\"major\": "
                        "195, \"minor\": 1}],"
                        "             \"resources\": {\"memory\": {\"limit\": %s}}},"
                        " \"process\": {\"env\": [%s]}, \"annotations\": {%s}}",
                        limit, env, annotations);
    g_autoptr(JsonValue) config = json_text_parse(text, -1, NULL);

    cr_assert_not_null(config, "%s", text);
    return oci_request_read(config, policy, request, NULL);
}

static void gets(const char *env, const char *annotations, const char *limit, OciPolicy policy,
                 const char *gpu_memory, const char *pinned_memory)
{
    OciRequest request;

    policy.caps = NV_CAPS_DEFAULT;
    cr_assert(request_of(env, annotations, limit, &policy, &request), "%s %s", env, annotations);
    cr_assert_str_eq(request.gpu_memory ? request.gpu_memory : "-", gpu_memory, "%s %s", env,
                     annotations);
    cr_assert_str_eq(request.pinned_memory ? request.pinned_memory : "-", pinned_memory, "%s %s",
                     env, annotations);
    oci_request_clear(&request);
}

#define GPU_ANNOTATION(value)    "\"nvcuse.dev/gpu-memory\": \"" value "\""
#define PINNED_ANNOTATION(value) "\"nvcuse.dev/pinned-memory\": \"" value "\""
#define VARIABLE(value)          "\"NVIDIA_GPU_MEMORY_LIMIT=" value "\""

Test(oci_quota, without_limits_there_are_none)
{
    gets("", "", "null", (OciPolicy){.environment = true, .annotations = true}, "-", "-");
    gets(VARIABLE(""), "", "-1", (OciPolicy){.environment = true}, "-", "-");
}

Test(oci_quota, a_container_can_lower_what_the_operator_set)
{
    const OciPolicy open = {
        .environment = true, .annotations = true, .gpu_memory = "20G", .pinned_memory = "8G"};

    gets("", "", "null", open, "20G", "8G");
    gets(VARIABLE("10240"), "", "null", open, "10G", "8G");
    gets("", GPU_ANNOTATION("minor:1=5G"), "null", open, "20G,1=5G", "8G");
    gets(VARIABLE("10240"), GPU_ANNOTATION("minor:1=5G") ", " PINNED_ANNOTATION("1G"), "null", open,
         "10G,1=5G", "1G");
}

Test(oci_quota, a_container_cannot_raise_what_the_operator_set)
{
    const OciPolicy open = {.environment = true,
                            .annotations = true,
                            .gpu_memory = "20G,minor:1=10G",
                            .pinned_memory = "8G"};

    gets(VARIABLE("99999999"), "", "null", open, "20G,1=10G", "8G");
    gets("", GPU_ANNOTATION("max"), "null", open, "20G,1=10G", "8G");
    gets("", GPU_ANNOTATION("minor:0=max,minor:1=30G"), "null", open, "20G,0=20G,1=10G", "8G");
    gets("", PINNED_ANNOTATION("max"), "null", open, "20G,1=10G", "8G");
    gets("", PINNED_ANNOTATION("9G"), "null", open, "20G,1=10G", "8G");
}

Test(oci_quota, what_the_operator_closed_does_not_count)
{
    gets(VARIABLE("1024"), GPU_ANNOTATION("1G") ", " PINNED_ANNOTATION("1G"), "null",
         (OciPolicy){.gpu_memory = "20G"}, "20G", "-");
    gets(VARIABLE("nonsense"), GPU_ANNOTATION("nonsense") ", " PINNED_ANNOTATION("nonsense"),
         "null", (OciPolicy){0}, "-", "-");
}

Test(oci_quota, limits_of_gpus_that_the_container_does_not_get_are_left_out)
{
    gets("", "", "null", (OciPolicy){.gpu_memory = "minor:0=20G,minor:2=10G"}, "0=20G", "-");
    gets("", "", "null", (OciPolicy){.gpu_memory = "minor:2=10G"}, "max", "-");
    gets("", "", "null", (OciPolicy){.gpus = "none", .gpu_memory = "minor:0=10G"}, "max", "-");
    gets("", "", "null", (OciPolicy){.gpus = "minor:1", .gpu_memory = "minor:0=10G,minor:1=5G"},
         "1=5G", "-");
}

Test(oci_quota, the_memory_limit_limits_pinned_memory_unless_the_operator_says_otherwise)
{
    gets("", "", "1073741824", (OciPolicy){0}, "-", "1G");
    gets("", "", "1073741825", (OciPolicy){0}, "-", "1G");
    gets("", "", "1", (OciPolicy){0}, "-", "1K");
    gets("", "", "0", (OciPolicy){0}, "-", "-");
    gets("", "", "1073741824", (OciPolicy){.pinned_memory = "8G"}, "-", "8G");
    gets("", "", "1073741824", (OciPolicy){.pinned_memory = "max"}, "-", "-");
    gets("", "", "1073741824", (OciPolicy){.without_quotas = true}, "-", "-");
    gets("", PINNED_ANNOTATION("512M"), "1073741824", (OciPolicy){.annotations = true}, "-",
         "512M");
}

Test(oci_quota, nonsense_that_counts_is_an_error)
{
    const OciPolicy open = {.environment = true, .annotations = true, .caps = NV_CAPS_DEFAULT};
    static const char *const variables[] = {VARIABLE("0"), VARIABLE("-1"), VARIABLE("20G"),
                                            VARIABLE("8796093022208"), VARIABLE(" 1")};
    static const char *const annotations[] = {GPU_ANNOTATION("20"), GPU_ANNOTATION(""),
                                              GPU_ANNOTATION("minor:0=1G,minor:0=2G"),
                                              PINNED_ANNOTATION("1"), PINNED_ANNOTATION("0=1G")};
    OciRequest request;

    for (size_t i = 0; i < G_N_ELEMENTS(variables); i++) {
        cr_assert_not(request_of(variables[i], "", "null", &open, &request), "%s", variables[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(annotations); i++) {
        cr_assert_not(request_of("", annotations[i], "null", &open, &request), "%s",
                      annotations[i]);
    }
}
