/* SPDX-License-Identifier: Apache-2.0 */
#include "version-tree/driver-node.h"

#include "version-tree/drivers/driver-rows.h"

#define DRIVER_ADDRESS(NODE) &driver_##NODE,
static const DriverNode *const nodes[] = {DRIVER_NODES(DRIVER_ADDRESS)};
#undef DRIVER_ADDRESS

const DriverNode *const *driver_nodes(size_t *n)
{
    *n = G_N_ELEMENTS(nodes);
    return nodes;
}

const DriverNode *driver_node_find(DriverVersion version)
{
    for (size_t i = 0; i < G_N_ELEMENTS(nodes); i++) {
        const DriverNode *node = nodes[i];

        if (driver_version_compare(node->version, version) == 0) {
            return node;
        }
    }
    return NULL;
}

const DriverNode *driver_node_latest(DriverArch arch)
{
    const DriverNode *latest = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(nodes); i++) {
        const char *sha256 = nodes[i]->sha256[arch];

        if (!nodes[i]->qualified || !sha256 || g_str_equal(sha256, DRIVER_NO_INSTALLER)) {
            continue;
        }
        if (!latest || driver_version_compare(nodes[i]->version, latest->version) > 0) {
            latest = nodes[i];
        }
    }
    return latest;
}

const char *driver_arch_name(DriverArch arch)
{
    return arch == DRIVER_ARCH_X86_64 ? "x86_64" : "aarch64";
}

/* Find the newest node that is older than @version (@sign > 0), or the oldest node that is newer (@sign < 0), among the
 * nodes that pass @qualified_only and @same_series. */
static const DriverNode *nearest(DriverVersion version, int sign, bool qualified_only,
                                 bool same_series)
{
    const DriverNode *best = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(nodes); i++) {
        const DriverNode *node = nodes[i];

        if (sign * driver_version_compare(version, node->version) <= 0) {
            continue;
        }
        if ((qualified_only && !node->qualified) ||
            (same_series && node->version.major != version.major)) {
            continue;
        }
        if (!best || sign * driver_version_compare(node->version, best->version) > 0) {
            best = node;
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
    const DriverNode *older = nearest(version, 1, qualified_only, false);
    const DriverNode *newer = nearest(version, -1, qualified_only, false);
    char a[DRIVER_VERSION_MAX], b[DRIVER_VERSION_MAX];

    if (older && newer) {
        return g_strdup_printf("%s and %s", driver_version_format(older->version, a),
                               driver_version_format(newer->version, b));
    }
    /* The tree has more than one node, so there is a neighbour on one side at least. */
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

/* @fallback: the node that --driver-policy=series would choose, or NULL */
static void refuse_unknown(DriverVersion version, const DriverNode *fallback, GError **error)
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

/* Choose a node for a version that the tree does not have: the nearest older node of its series, if @policy allows that. */
static const DriverNode *choose_nearest(DriverVersion version, DriverPolicy policy, char **warning,
                                        GError **error)
{
    const DriverNode *node = nearest(version, 1, false, true);
    char text[DRIVER_VERSION_MAX], base[DRIVER_VERSION_MAX];

    if (!node || policy != DRIVER_POLICY_SERIES) {
        refuse_unknown(version, node, error);
        return NULL;
    }
    *warning = g_strdup_printf("driver %s is not known; treating it as %s",
                               driver_version_format(version, text),
                               driver_version_format(node->version, base));
    return node;
}

const DriverNode *driver_node_choose(DriverVersion version, DriverPolicy policy, char **warning,
                                     GError **error)
{
    const DriverNode *node = driver_node_find(version);
    g_autofree char *message = NULL;
    char text[DRIVER_VERSION_MAX];

    if (!node) {
        node = choose_nearest(version, policy, &message, error);
    } else if (!node->qualified && policy == DRIVER_POLICY_QUALIFIED) {
        refuse_unqualified(version, error);
        node = NULL;
    } else if (!node->qualified) {
        message =
            g_strdup_printf("driver %s is not qualified", driver_version_format(version, text));
    }
    if (warning) {
        *warning = g_steal_pointer(&message);
    }
    return node;
}
