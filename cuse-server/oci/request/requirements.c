/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/request/requirements.h"

#include <stdlib.h>
#include <string.h>

#include <gio/gio.h>

#include "cuse-server/oci/request/oci-request.h"

#define PREFIX  "NVIDIA_REQUIRE_"
#define JETPACK "NVIDIA_REQUIRE_JETPACK"
#define DISABLE "NVIDIA_DISABLE_REQUIRE"

/* The version of CUDA that each series of drivers brings (NVIDIA, "CUDA Toolkit and Corresponding Driver Versions"). Of a series that is
 * not here, every condition on CUDA counts as true. */
static const struct {
    unsigned driver;
    const char *cuda;
} series[] = {
    {535, "12.2"}, {545, "12.3"}, {550, "12.4"}, {555, "12.5"}, {560, "12.6"}, {565, "12.7"},
    {570, "12.8"}, {575, "12.9"}, {580, "13.0"}, {590, "13.1"}, {595, "13.2"},
};

/* Host: what the host has. @cuda: NULL: not known */
typedef struct {
    char driver[DRIVER_VERSION_MAX];
    const char *cuda;
} Host;

static Host host_of(DriverVersion driver)
{
    Host host = {.cuda = NULL};

    driver_version_format(driver, host.driver);
    for (size_t i = 0; i < G_N_ELEMENTS(series); i++) {
        if (series[i].driver == driver.major) {
            host.cuda = series[i].cuda;
        }
    }
    return host;
}

/* --- conditions -------------------------------------------------------------------------------- */

/* Compare versions number by number; one that is shorter has zeros there. */
static int compare(const char *a, const char *b)
{
    while (*a || *b) {
        char *after_a;
        char *after_b;
        const unsigned long x = strtoul(a, &after_a, 10);
        const unsigned long y = strtoul(b, &after_b, 10);
        if (x != y) {
            return x < y ? -1 : 1;
        }
        a = after_a + (*after_a == '.');
        b = after_b + (*after_b == '.');
    }
    return 0;
}

static bool is_version(const char *text)
{
    return g_ascii_isdigit(*text) && text[strspn(text, "0123456789.")] == '\0';
}

/* Check whether a condition on a version surely fails. An operator that is not known says nothing. */
static bool fails(const char *have, const char *operator, const char * wanted)
{
    const int order = compare(have, wanted);
    const struct {
        const char *operator;
        bool holds;
    } rows[] = {{"=", order == 0},  {"!=", order != 0}, {"<", order < 0},
                {"<=", order <= 0}, {">", order > 0},   {">=", order >= 0}};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (g_str_equal(rows[i].operator, operator)) {
            return !rows[i].holds;
        }
    }
    return false;
}

static bool condition_fails(const char *condition, const Host *host)
{
    const size_t length = strcspn(condition, "<>=!");
    const size_t operator_length = strspn(condition + length, "<>=!");
    g_autofree char *name = g_strndup(condition, length);
    g_autofree char *operator= g_strndup(condition + length, operator_length);
    const char *wanted = condition + length + operator_length;
    const char *have = g_ascii_strcasecmp(name, "cuda") == 0     ? host->cuda
                       : g_ascii_strcasecmp(name, "driver") == 0 ? host->driver
                                                                 : NULL;

    return have && is_version(wanted) && fails(have, operator, wanted);
}

/* Check whether an alternative has a condition that surely fails. */
static bool alternative_fails(const char *alternative, const Host *host)
{
    g_auto(GStrv) conditions = g_strsplit(alternative, ",", -1);

    for (char **condition = conditions; *condition; condition++) {
        if (condition_fails(*condition, host)) {
            return true;
        }
    }
    return false;
}

/* Check whether each alternative surely fails. A requirement without any is none. */
static bool requirement_fails(const char *requirement, const Host *host)
{
    g_auto(GStrv) alternatives = g_strsplit(requirement, " ", -1);
    bool any = false;

    for (char **alternative = alternatives; *alternative; alternative++) {
        if (**alternative && !alternative_fails(*alternative, host)) {
            return false;
        }
        any |= **alternative != '\0';
    }
    return any;
}

/* --- variables --------------------------------------------------------------------------------- */

/* The words that Go's strconv.ParseBool takes for true. */
static bool is_disabled(JsonValue *config)
{
    static const char *const words[] = {"1", "t", "T", "TRUE", "true", "True", NULL};
    const char *value = oci_request_variable(config, DISABLE);

    return value && g_strv_contains(words, value);
}

/* The value of a variable that requires something; NULL if this one does not. */
static const char *requirement_of(const char *variable)
{
    const char *equals =
        variable && g_str_has_prefix(variable, PREFIX) && !g_str_has_prefix(variable, JETPACK)
            ? strchr(variable, '=')
            : NULL;

    return equals ? equals + 1 : NULL;
}

static JsonValue *environment(JsonValue *config)
{
    return json_member_array(json_member_object(config, "process"), "env");
}

/* The requirement of an image from before these variables: "cuda>=8.0". NULL if it is none; the caller frees it. */
static char *legacy_requirement(JsonValue *config)
{
    const char *version = oci_request_variable(config, "CUDA_VERSION");
    const char *required = oci_request_variable(config, "NVIDIA_REQUIRE_CUDA");

    return version && is_version(version) && !(required && *required)
               ? g_strconcat("cuda>=", version, NULL)
               : NULL;
}

bool requirements_any(JsonValue *config)
{
    g_autofree char *legacy = legacy_requirement(config);
    JsonValue *env = environment(config);
    bool any = legacy != NULL;

    for (guint i = 0; !any && i < json_length(env); i++) {
        any = requirement_of(json_element_string(env, i)) != NULL;
    }
    return any && !is_disabled(config);
}

static bool refuse(const char *variable, const Host *host, GError **error)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                "%s: the host has driver %s with CUDA %s: install a newer driver, take another "
                "image, or set " DISABLE "=1",
                variable, host->driver, host->cuda ? host->cuda : "of an unknown version");
    return false;
}

bool requirements_check(JsonValue *config, DriverVersion driver, GError **error)
{
    const Host host = host_of(driver);
    g_autofree char *legacy = legacy_requirement(config);
    JsonValue *env = environment(config);

    if (is_disabled(config)) {
        return true;
    }
    if (legacy && requirement_fails(legacy, &host)) {
        return refuse(legacy, &host, error);
    }
    for (guint i = 0; i < json_length(env); i++) {
        const char *variable = json_element_string(env, i);
        const char *requirement = requirement_of(variable);
        if (requirement && requirement_fails(requirement, &host)) {
            return refuse(variable, &host, error);
        }
    }
    return true;
}
