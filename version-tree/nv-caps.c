/* SPDX-License-Identifier: Apache-2.0 */
#include "version-tree/nv-caps.h"

#include "version-tree/driver-version.h"

/* In the order of the bits. */
static const char *const cap_names[] = {
    "compute", "display",  "graphics",         "ngx",       "utility",
    "video",   "compat32", "fabric-imex-mgmt", "profiling", "rdma",
};

/* Get the bit of a name. Returns 0 if there is no capability of this name. */
static NvCaps cap_by_name(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(cap_names); i++) {
        if (g_str_equal(name, cap_names[i])) {
            return 1u << i;
        }
    }
    return 0;
}

/* Read a list of names. @all: the capabilities that "all" stands for */
static gboolean parse_list(const char *text, NvCaps all, NvCaps *caps, GError **error)
{
    g_auto(GStrv) names = g_strsplit(text, ",", -1);

    *caps = 0;
    for (char **name = names; *name; name++) {
        NvCaps cap;

        g_strstrip(*name);
        if (**name == '\0') {
            continue;
        }
        cap = g_str_equal(*name, "all") ? all : cap_by_name(*name);
        if (cap == 0 && !g_str_equal(*name, "all")) {
            g_autofree char *known = nv_caps_format(NV_CAPS_SUPPORTED, ", ");

            g_set_error(error, DRIVER_ERROR, DRIVER_ERROR_PARSE,
                        "unknown driver capability '%s': expected 'all', or some of %s", *name,
                        known);
            return FALSE;
        }
        *caps |= cap;
    }
    return TRUE;
}

gboolean nv_caps_parse(const char *text, NvCaps *caps, GError **error)
{
    g_autofree char *refused = NULL;
    NvCaps parsed;

    if (!parse_list(text, NV_CAPS_ALL, &parsed, error)) {
        return FALSE;
    }
    if (parsed & ~NV_CAPS_SUPPORTED) {
        g_autofree char *supported = nv_caps_format(NV_CAPS_SUPPORTED, ", ");

        refused = nv_caps_format(parsed & ~NV_CAPS_SUPPORTED, ", ");
        g_set_error(error, DRIVER_ERROR, DRIVER_ERROR_PARSE,
                    "unsupported driver capability %s: nvcuse provides %s", refused, supported);
        return FALSE;
    }
    *caps = parsed;
    return TRUE;
}

/* Refuse what a container asks for. @wanted: it asks for this as well; 0: it asks only for what is not served */
static gboolean refuse_environment(const char *driver_capabilities, NvCaps wanted, NvCaps allowed,
                                   GError **error)
{
    g_autofree char *refused = nv_caps_format(wanted & ~allowed, ",");
    g_autofree char *open = nv_caps_format(allowed, ",");

    if (wanted == 0) {
        g_set_error(error, DRIVER_ERROR, DRIVER_ERROR_PARSE,
                    "NVIDIA_DRIVER_CAPABILITIES=%s: nvcuse has nothing for these driver "
                    "capabilities: expected also a part of %s",
                    driver_capabilities, *open ? open : "none");
        return FALSE;
    }
    g_set_error(error, DRIVER_ERROR, DRIVER_ERROR_PARSE,
                "driver capability %s is not allowed to this container "
                "(NVIDIA_DRIVER_CAPABILITIES=%s): expected a part of %s; allow it with 'caps' in "
                "/etc/nvcuse/runtime.conf",
                refused, driver_capabilities, *open ? open : "none");
    return FALSE;
}

gboolean nv_caps_from_environment(const char *driver_capabilities, gboolean legacy_image,
                                  NvCaps allowed, NvCaps *caps, NvCaps *unserved, GError **error)
{
    NvCaps wanted;

    *unserved = 0;
    if (!driver_capabilities || *driver_capabilities == '\0') {
        *caps = !driver_capabilities && legacy_image ? allowed : NV_CAPS_DEFAULT & allowed;
        return TRUE;
    }
    if (!parse_list(driver_capabilities, allowed, &wanted, error)) {
        return FALSE;
    }
    const NvCaps served = wanted & NV_CAPS_SUPPORTED;
    if ((served & ~allowed) != 0 || (served == 0 && wanted != 0)) {
        return refuse_environment(driver_capabilities, served, allowed, error);
    }
    *caps = served;
    *unserved = wanted & ~NV_CAPS_SUPPORTED;
    return TRUE;
}

char *nv_caps_format(NvCaps caps, const char *separator)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (guint i = 0; i < G_N_ELEMENTS(cap_names); i++) {
        if (caps & (1u << i)) {
            g_ptr_array_add(names, (gpointer)cap_names[i]);
        }
    }
    g_ptr_array_add(names, NULL);
    return g_strjoinv(separator, (char **)names->pdata);
}
