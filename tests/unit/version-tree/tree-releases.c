/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of driver versions, and which release a policy selects. */
#include <string.h>

#include <criterion/criterion.h>

#include "version-tree/driver-abi.h"

static DriverVersion version(const char *text)
{
    DriverVersion v;

    cr_assert(driver_version_parse(text, &v, NULL), "%s", text);
    return v;
}

static void check_version(const DriverRelease *release, const char *text)
{
    cr_assert_not_null(release, "no release where %s was expected", text);
    cr_assert_eq(driver_version_compare(release->version, version(text)), 0);
}

/* The numbers of entries of each version: frontend, uvm, control, alloc. */
static const struct {
    const char *version;
    bool qualified;
    size_t n[N_ABI_KINDS];
} totals[] = {
    {"535.104.05", false, {23, 31, 185, 71}}, {"535.113.01", false, {23, 31, 185, 71}},
    {"535.129.03", true, {23, 31, 185, 71}},  {"535.183.06", true, {23, 31, 185, 71}},
    {"535.247.01", true, {23, 31, 185, 71}},  {"535.261.03", true, {23, 31, 185, 71}},
    {"535.274.02", true, {23, 31, 185, 71}},  {"535.288.01", true, {23, 31, 185, 71}},
    {"535.309.01", true, {23, 31, 185, 71}},  {"545.23.06", false, {23, 31, 187, 72}},
    {"550.40.07", false, {24, 31, 198, 75}},  {"550.40.53", false, {24, 31, 198, 75}},
    {"550.54.14", false, {24, 31, 198, 75}},  {"550.90.07", false, {24, 31, 199, 75}},
    {"550.90.12", true, {24, 31, 199, 75}},   {"555.42.02", false, {24, 31, 199, 75}},
    {"560.28.03", false, {24, 31, 203, 83}},  {"565.57.01", false, {24, 31, 204, 83}},
    {"570.86.15", false, {24, 31, 208, 92}},  {"570.124.06", true, {24, 31, 208, 92}},
    {"570.133.20", true, {24, 31, 208, 92}},  {"570.172.08", true, {24, 31, 208, 92}},
    {"570.195.03", true, {24, 31, 208, 92}},  {"575.51.02", false, {24, 31, 210, 92}},
    {"580.65.06", true, {24, 31, 213, 98}},   {"580.95.05", false, {24, 31, 213, 98}},
    {"580.105.08", true, {24, 31, 213, 98}},  {"580.126.09", true, {24, 31, 213, 98}},
    {"580.126.20", true, {24, 31, 213, 98}},  {"580.159.03", true, {24, 31, 213, 98}},
    {"580.159.04", true, {24, 31, 213, 98}},  {"580.173.02", true, {24, 31, 213, 98}},
    {"590.44.01", false, {24, 31, 213, 98}},  {"590.48.01", true, {24, 31, 213, 98}},
    {"595.45.04", false, {24, 31, 213, 98}},  {"595.71.05", false, {24, 31, 213, 98}},
    {"610.43.02", false, {24, 27, 214, 101}}, {"610.57.04", true, {24, 27, 214, 101}},
    {"615.15.00", true, {24, 27, 215, 101}},  {"615.62.00", true, {24, 27, 215, 101}},
    {"620.06.00", true, {24, 27, 220, 101}},
};

Test(releases, have_the_expected_totals)
{
    size_t n;

    driver_releases(&n);
    cr_assert_eq(n, G_N_ELEMENTS(totals));
    for (size_t i = 0; i < G_N_ELEMENTS(totals); i++) {
        const DriverRelease *release = driver_release_find(version(totals[i].version));
        g_autoptr(DriverAbi) abi = NULL;

        check_version(release, totals[i].version);
        cr_assert_eq(release->qualified, totals[i].qualified, "%s", totals[i].version);
        abi = driver_abi_new(release);
        for (int kind = 0; kind < N_ABI_KINDS; kind++) {
            size_t got;

            driver_abi_entries(abi, (AbiKind)kind, &got);
            cr_assert_eq(got, totals[i].n[kind], "%s has %zu %s entries, not %zu",
                         totals[i].version, got, abi_kind_name((AbiKind)kind), totals[i].n[kind]);
        }
    }
}

Test(releases, come_after_their_parents_and_are_newer)
{
    size_t n;
    const DriverRelease *const *releases = driver_releases(&n);

    for (size_t i = 0; i < n; i++) {
        bool seen = i == 0;

        cr_assert_eq(releases[i]->parent == NULL, i == 0);
        for (size_t k = 0; k < i; k++) {
            seen |= releases[k] == releases[i]->parent;
            cr_assert_neq(driver_version_compare(releases[k]->version, releases[i]->version), 0);
        }
        cr_assert(seen);
        cr_assert(i == 0 ||
                  driver_version_compare(releases[i]->parent->version, releases[i]->version) < 0);
    }
}

Test(releases, carry_checksums_if_and_only_if_qualified)
{
    size_t n;
    const DriverRelease *const *releases = driver_releases(&n);

    for (size_t i = 0; i < n; i++) {
        for (int arch = 0; arch < N_DRIVER_ARCHS; arch++) {
            const char *sum = releases[i]->sha256[arch];

            cr_assert_eq(sum != NULL, releases[i]->qualified);
            cr_assert(!sum || strcmp(sum, DRIVER_NO_INSTALLER) == 0 ||
                      (strlen(sum) == 64 && strspn(sum, "0123456789abcdef") == 64));
        }
    }
}

Test(releases, follow_the_drivers_branches)
{
    /* Its number is higher, but it is of another branch. */
    check_version(driver_release_find(version("550.90.12"))->parent, "550.90.07");
    check_version(driver_release_find(version("555.42.02"))->parent, "550.90.07");
    check_version(driver_release_find(version("550.54.14"))->parent, "550.40.07");
    check_version(driver_release_find(version("575.51.02"))->parent, "570.133.20");
    check_version(driver_release_find(version("590.44.01"))->parent, "580.105.08");
    check_version(driver_release_find(version("595.71.05"))->parent, "595.45.04");
    check_version(driver_release_find(version("620.06.00"))->parent, "615.15.00");
}

Test(releases, latest_depends_on_the_architecture)
{
    check_version(driver_release_latest(DRIVER_ARCH_X86_64), "610.57.04");
    check_version(driver_release_latest(DRIVER_ARCH_AARCH64), "620.06.00");
}

static void check_chosen(const char *text, DriverPolicy policy, const char *release, bool warns)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *warning = NULL;

    check_version(driver_release_choose(version(text), policy, &warning, &error), release);
    cr_assert_null(error);
    cr_assert_eq(warning != NULL, warns, "%s: %s", text, warning);
}

/* The version must be refused with an error that contains all of @words, which end with NULL. */
static void check_refused(const char *text, DriverPolicy policy, DriverError code,
                          const char *const *words)
{
    g_autoptr(GError) error = NULL;
    char *warning = (char *)"";

    cr_assert_null(driver_release_choose(version(text), policy, &warning, &error), "%s", text);
    cr_assert_null(warning);
    cr_assert(g_error_matches(error, DRIVER_ERROR, (gint)code), "%s", error->message);
    for (; *words; words++) {
        cr_assert_not_null(strstr(error->message, *words), "'%s' does not say '%s'", error->message,
                           *words);
    }
}

Test(policy, qualified_takes_qualified_versions_only)
{
    static const char *const unqualified[] = {"580.95.05", "580.65.06", "580.105.08",
                                              "--driver-policy=known", NULL};
    static const char *const unknown[] = {"580.100.01", "580.95.05", "580.105.08",
                                          "--driver-policy=series", NULL};

    check_chosen("580.65.06", DRIVER_POLICY_QUALIFIED, "580.65.06", false);
    check_refused("580.95.05", DRIVER_POLICY_QUALIFIED, DRIVER_ERROR_UNQUALIFIED, unqualified);
    check_refused("580.100.01", DRIVER_POLICY_QUALIFIED, DRIVER_ERROR_UNKNOWN, unknown);
}

Test(policy, known_takes_unqualified_versions_and_warns)
{
    static const char *const unknown[] = {"580.95.06", "580.95.05", "580.105.08",
                                          "--driver-policy=series", NULL};

    check_chosen("580.65.06", DRIVER_POLICY_KNOWN, "580.65.06", false);
    check_chosen("580.95.05", DRIVER_POLICY_KNOWN, "580.95.05", true);
    check_refused("580.95.06", DRIVER_POLICY_KNOWN, DRIVER_ERROR_UNKNOWN, unknown);
}

Test(policy, series_takes_the_nearest_older_of_the_series_and_warns)
{
    static const char *const no_series[] = {"571.01.00", "570.195.03", "575.51.02", "571", NULL};
    static const char *const too_old[] = {"535.98.00", "535.104.05", NULL};
    static const char *const too_new[] = {"999.01.00", "620.06.00", NULL};

    check_chosen("580.65.06", DRIVER_POLICY_SERIES, "580.65.06", false);
    check_chosen("580.95.05", DRIVER_POLICY_SERIES, "580.95.05", true);
    check_chosen("580.100", DRIVER_POLICY_SERIES, "580.95.05", true);
    check_chosen("580.999.99", DRIVER_POLICY_SERIES, "580.173.02", true);
    check_chosen("550.163.01", DRIVER_POLICY_SERIES, "550.90.12", true);
    check_chosen("550.40.85", DRIVER_POLICY_SERIES, "550.40.53", true);
    check_refused("571.1", DRIVER_POLICY_SERIES, DRIVER_ERROR_UNKNOWN, no_series);
    check_refused("535.98", DRIVER_POLICY_SERIES, DRIVER_ERROR_UNKNOWN, too_old);
    check_refused("999.1", DRIVER_POLICY_SERIES, DRIVER_ERROR_UNKNOWN, too_new);
}

Test(policy, is_one_of_three_words)
{
    g_autoptr(GError) error = NULL;
    DriverPolicy policy;

    cr_assert(driver_policy_parse("qualified", &policy, NULL) && policy == DRIVER_POLICY_QUALIFIED);
    cr_assert(driver_policy_parse("known", &policy, NULL) && policy == DRIVER_POLICY_KNOWN);
    cr_assert(driver_policy_parse("series", &policy, NULL) && policy == DRIVER_POLICY_SERIES);
    cr_assert_not(driver_policy_parse("any", &policy, &error));
    cr_assert(g_error_matches(error, DRIVER_ERROR, DRIVER_ERROR_PARSE));
}
