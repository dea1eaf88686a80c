/* SPDX-License-Identifier: Apache-2.0 */
/* What images require of the driver, with the texts of NVIDIA's own. */
#include <string.h>

#include <criterion/criterion.h>

#include "cuse-server/base/json/json-text.h"
#include "cuse-server/oci/request/requirements.h"

/* Does a container with these variables (in JSON) start with driver 550.90.07, which has CUDA 12.4? */
static bool starts(const char *env)
{
    g_autofree char *text = g_strdup_printf("{\"process\": {\"env\": [%s]}}", env);
    g_autoptr(JsonValue) config = json_text_parse(text, -1, NULL);
    g_autoptr(GError) error = NULL;
    const bool ok = requirements_check(config, (DriverVersion){550, 90, 7}, &error);

    cr_assert_not_null(config, "%s", env);
    cr_assert_eq(ok, error == NULL);
    cr_assert(ok || strstr(error->message, "driver 550.90.07 with CUDA 12.4"));
    return ok;
}

#define CUDA(text) "\"NVIDIA_REQUIRE_CUDA=" text "\""

Test(requirements, a_container_starts_unless_it_surely_cannot_run)
{
    static const struct {
        const char *env;
        bool ok;
    } rows[] = {
        {"", true},
        {CUDA(""), true},
        {CUDA(" "), true},
        {CUDA("cuda>=12.4"), true},
        {CUDA("cuda>=12.5"), false},
        {CUDA("cuda>=13.0"), false},
        {CUDA("cuda>=9"), true},
        {CUDA("cuda>12.4"), false},
        {CUDA("cuda=12.4.0"), true},
        {CUDA("cuda!=12.4"), false},
        {CUDA("cuda<12.10"), true},
        {CUDA("CUDA<=12.3"), false},
        {CUDA("cuda>=13.0 brand=tesla,driver>=535,driver<536"), false},
        {CUDA("cuda>=13.0 brand=tesla,driver>=550,driver<551"), true},
        {CUDA("cuda>=13.0 brand=unknown,driver>=470,driver<471 brand=nvidia,driver>=550"), true},
        {CUDA("cuda>=12.0,driver>=570"), false},
        {CUDA("brand=tesla"), true},
        {CUDA("arch>=9.0,cuda>=13.0"), false},
        /* What is not understood refuses nothing. */
        {CUDA("cuda>=new"), true},
        {CUDA("cuda"), true},
        {CUDA("=13.0"), true},
        {CUDA("cuda=>13.0"), true},
        {CUDA("cuda>=99999999999999999999"), false},
        {CUDA(",,, ,"), true},
        /* Other variables. */
        {"\"NVIDIA_REQUIRE_DRIVER=driver>=560\"", false},
        {"\"NVIDIA_REQUIRE_DRIVER=driver>=550.90.07\"", true},
        {"\"NVIDIA_REQUIRE_DRIVER=driver>550.90.07\"", false},
        {"\"NVIDIA_REQUIRE_JETPACK=cuda>=13.0\"", true},
        {"\"MY_NVIDIA_REQUIRE_CUDA=cuda>=13.0\"", true},
        {"\"NVIDIA_REQUIRE_CUDA\"", true},
        {CUDA("cuda>=13.0") ", \"NVIDIA_DISABLE_REQUIRE=1\"", true},
        {CUDA("cuda>=13.0") ", \"NVIDIA_DISABLE_REQUIRE=true\"", true},
        {CUDA("cuda>=13.0") ", \"NVIDIA_DISABLE_REQUIRE=yes\"", false},
        {CUDA("cuda>=13.0") ", \"NVIDIA_DISABLE_REQUIRE=\"", false},
        /* Images from before the variables. */
        {"\"CUDA_VERSION=8.0.61\"", true},
        {"\"CUDA_VERSION=13.1.0\"", false},
        {"\"CUDA_VERSION=13.1.0\", " CUDA("cuda>=12.0"), true},
        {"\"CUDA_VERSION=13.1.0\", " CUDA(""), false},
        {"\"CUDA_VERSION=\"", true},
        {"7, null", true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        cr_assert_eq(starts(rows[i].env), rows[i].ok, "%s", rows[i].env);
    }
}

Test(requirements, of_a_driver_that_is_not_known_cuda_is_not_known)
{
    g_autoptr(JsonValue) config =
        json_text_parse("{\"process\": {\"env\": [\"NVIDIA_REQUIRE_CUDA=cuda>=99.0\"]}}", -1, NULL);

    cr_assert(requirements_any(config));
    cr_assert(requirements_check(config, (DriverVersion){999, 1, 0}, NULL));
    cr_assert_not(requirements_check(config, (DriverVersion){580, 95, 5}, NULL));
}

Test(requirements, most_containers_have_none)
{
    g_autoptr(JsonValue) none = json_text_parse("{\"process\": {\"env\": [\"A=b\"]}}", -1, NULL);
    g_autoptr(JsonValue) disabled =
        json_text_parse("{\"process\": {\"env\": [\"NVIDIA_REQUIRE_CUDA=cuda>=99.0\", "
                        "\"NVIDIA_DISABLE_REQUIRE=1\"]}}",
                        -1, NULL);

    cr_assert_not(requirements_any(none));
    cr_assert_not(requirements_any(disabled));
}
