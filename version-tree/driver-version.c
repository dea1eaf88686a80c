/* SPDX-License-Identifier: Apache-2.0 */
#include "version-tree/driver-version.h"

G_DEFINE_QUARK(driver - error - quark, driver_error)

/* Reads one number at *text and moves *text behind it. */
static gboolean parse_part(const char **text, guint16 *part)
{
    const char *p = *text;
    guint value = 0;

    while (g_ascii_isdigit(*p)) {
        value = value * 10 + (guint)(*p++ - '0');
        if (value > G_MAXUINT16) {
            return FALSE;
        }
    }
    if (p == *text) {
        return FALSE;
    }
    *text = p;
    *part = (guint16)value;
    return TRUE;
}

gboolean driver_version_parse(const char *text, DriverVersion *version, GError **error)
{
    const char *p = text;
    DriverVersion v = {0};

    if (parse_part(&p, &v.major) && *p++ == '.' && parse_part(&p, &v.minor) &&
        (*p == '\0' || (*p++ == '.' && parse_part(&p, &v.patch) && *p == '\0'))) {
        *version = v;
        return TRUE;
    }
    g_set_error(error, DRIVER_ERROR, DRIVER_ERROR_PARSE,
                "invalid driver version '%s': expected a version like 580.95.05", text);
    return FALSE;
}

const char *driver_version_format(DriverVersion v, char buffer[static DRIVER_VERSION_MAX])
{
    g_snprintf(buffer, DRIVER_VERSION_MAX, "%u.%02u.%02u", v.major, v.minor, v.patch);
    return buffer;
}

int driver_version_compare(DriverVersion a, DriverVersion b)
{
    if (a.major != b.major) {
        return a.major < b.major ? -1 : 1;
    }
    if (a.minor != b.minor) {
        return a.minor < b.minor ? -1 : 1;
    }
    if (a.patch != b.patch) {
        return a.patch < b.patch ? -1 : 1;
    }
    return 0;
}
