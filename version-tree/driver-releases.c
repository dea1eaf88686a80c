/* SPDX-License-Identifier: Apache-2.0 */
#include "version-tree/driver-release.h"

#include "version-tree/drivers/driver-rows.h"

#define DRIVER_ADDRESS(RELEASE) &driver_##RELEASE,
static const DriverRelease *const releases[] = {DRIVER_RELEASES(DRIVER_ADDRESS)};
#undef DRIVER_ADDRESS

const DriverRelease *const *driver_releases(size_t *n)
{
    *n = G_N_ELEMENTS(releases);
    return releases;
}

const DriverRelease *driver_release_find(DriverVersion version)
{
    for (size_t i = 0; i < G_N_ELEMENTS(releases); i++) {
        const DriverRelease *release = releases[i];

        if (driver_version_compare(release->version, version) == 0) {
            return release;
        }
    }
    return NULL;
}

const DriverRelease *driver_release_latest(DriverArch arch)
{
    const DriverRelease *latest = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(releases); i++) {
        const char *sha256 = releases[i]->sha256[arch];

        if (!releases[i]->qualified || !sha256 || g_str_equal(sha256, DRIVER_NO_INSTALLER)) {
            continue;
        }
        if (!latest || driver_version_compare(releases[i]->version, latest->version) > 0) {
            latest = releases[i];
        }
    }
    return latest;
}

const char *driver_arch_name(DriverArch arch)
{
    return arch == DRIVER_ARCH_X86_64 ? "x86_64" : "aarch64";
}

/* Find the newest release that is older than @version (@sign > 0), or the oldest release that is newer (@sign < 0), among the
 * releases that pass @qualified_only and @same_series. */
static const DriverRelease *nearest(DriverVersion version, int sign, bool qualified_only,
                                    bool same_series)
{
    const DriverRelease *best = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(releases); i++) {
        const DriverRelease *release = releases[i];

        if (sign * driver_version_compare(version, release->version) <= 0) {
            continue;
        }
        if ((qualified_only && !release->qualified) ||
            (same_series && release->version.major != version.major)) {
            continue;
        }
        if (!best || sign * driver_version_compare(release->version, best->version) > 0) {
            best = release;
        }
    }
    return best;
}

gboolean driver_policy_parse(const char *text, DriverPolicy *policy, GError **error)
{
    static const char *const names[] = {"qualified", "known", "series"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_str_equal(text, names[i])) {
            *policy = (DriverPolicy)i;
            return TRUE;
        }
    }
    g_set_error(error, DRIVER_ERROR, DRIVER_ERROR_PARSE,
                "invalid driver policy '%s': expected qualified, known or series", text);
    return FALSE;
}

/* Name the neighbours of a version in the tree: "550.90.12 and 555.42.02". */
static char *neighbours(DriverVersion version, bool qualified_only)
{
    const DriverRelease *older = nearest(version, 1, qualified_only, false);
    const DriverRelease *newer = nearest(version, -1, qualified_only, false);
    char a[DRIVER_VERSION_MAX], b[DRIVER_VERSION_MAX];

    if (older && newer) {
        return g_strdup_printf("%s and %s", driver_version_format(older->version, a),
                               driver_version_format(newer->version, b));
    }
    /* The tree has more than one release, so there is a neighbour on one side at least. */
    g_assert(older || newer);
    return g_strdup(driver_version_format((older ? older : newer)->version, a));
}

static void refuse_unqualified(DriverVersion version, GError **error)
{
    g_autofree char *near = neighbours(version, true);
    char text[DRIVER_VERSION_MAX];

    g_set_error(error, DRIVER_ERROR, DRIVER_ERROR_UNQUALIFIED,
                "driver %s is known but not qualified; the nearest qualified are %s; "
                "accept it with --driver-policy=known",
                driver_version_format(version, text), near);
}

/* @fallback: the release that --driver-policy=series would choose, or NULL */
static void refuse_unknown(DriverVersion version, const DriverRelease *fallback, GError **error)
{
    g_autofree char *near = neighbours(version, false);
    char text[DRIVER_VERSION_MAX], base[DRIVER_VERSION_MAX];

    if (fallback) {
        g_set_error(error, DRIVER_ERROR, DRIVER_ERROR_UNKNOWN,
                    "driver %s is not known; the nearest known are %s; "
                    "have nvcuse treat it as %s with --driver-policy=series",
                    driver_version_format(version, text), near,
                    driver_version_format(fallback->version, base));
    } else {
        g_set_error(error, DRIVER_ERROR, DRIVER_ERROR_UNKNOWN,
                    "driver %s is not known; the nearest known are %s; no --driver-policy "
                    "accepts it, because nvcuse knows no older driver of series %u: update nvcuse, "
                    "or install a known driver",
                    driver_version_format(version, text), near, version.major);
    }
}

/* Choose a release for a version that the tree does not have: the nearest older release of its series, if @policy allows that. */
static const DriverRelease *choose_nearest(DriverVersion version, DriverPolicy policy,
                                           char **warning, GError **error)
{
    const DriverRelease *release = nearest(version, 1, false, true);
    char text[DRIVER_VERSION_MAX], base[DRIVER_VERSION_MAX];

    if (!release || policy != DRIVER_POLICY_SERIES) {
        refuse_unknown(version, release, error);
        return NULL;
    }
    *warning = g_strdup_printf("driver %s is not known; treating it as %s",
                               driver_version_format(version, text),
                               driver_version_format(release->version, base));
    return release;
}

const DriverRelease *driver_release_choose(DriverVersion version, DriverPolicy policy,
                                           char **warning, GError **error)
{
    const DriverRelease *release = driver_release_find(version);
    g_autofree char *message = NULL;
    char text[DRIVER_VERSION_MAX];

    if (!release) {
        release = choose_nearest(version, policy, &message, error);
    } else if (!release->qualified && policy == DRIVER_POLICY_QUALIFIED) {
        refuse_unqualified(version, error);
        release = NULL;
    } else if (!release->qualified) {
        message =
            g_strdup_printf("driver %s is not qualified", driver_version_format(version, text));
    }
    if (warning) {
        *warning = g_steal_pointer(&message);
    }
    return release;
}
