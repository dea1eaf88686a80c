/* SPDX-License-Identifier: Apache-2.0 */
/* Driver versions: three numbers, ordered one after the other. */
#pragma once

#include <glib.h>

typedef struct {
    guint16 major;
    guint16 minor;
    guint16 patch;
} DriverVersion;

/** DRIVER_VERSION_MAX: bytes that driver_version_format() needs, the final NUL included. */
#define DRIVER_VERSION_MAX 24

/**
 * driver_version_parse: read "580.95.05", or "535.98" for 535.98.00.
 * @text: two or three decimal numbers below 65536, joined by dots, and nothing else
 * @version: set on success
 * @error: DRIVER_ERROR_PARSE
 */
gboolean driver_version_parse(const char *text, DriverVersion *version, GError **error);

/**
 * driver_version_format: write a version as NVIDIA prints it, minor and patch with two digits at
 * least.
 *
 * Returns: @buffer
 */
const char *driver_version_format(DriverVersion version, char buffer[static DRIVER_VERSION_MAX]);

/** driver_version_compare: negative, 0 or positive as @a is older than, equal to or newer than @b.
 */
int driver_version_compare(DriverVersion a, DriverVersion b);

typedef enum {
    DRIVER_ERROR_PARSE,       /* not a version, policy or capability */
    DRIVER_ERROR_UNKNOWN,     /* a version that the tree does not have */
    DRIVER_ERROR_UNQUALIFIED, /* a version that nobody has vouched for */
    DRIVER_ERROR_HOST         /* the host's driver did not say which it is */
} DriverError;

#define DRIVER_ERROR driver_error_quark()
GQuark driver_error_quark(void);
