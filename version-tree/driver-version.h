/* SPDX-License-Identifier: Apache-2.0 */
/* Driver versions: three numbers, compared one after the other. */
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
 * driver_version_parse: read a version: "580.95.05", or "535.98" for 535.98.00.
 * @text: two or three decimal numbers below 65536, joined by dots, and nothing else
 * @version: set on success
 * @error: DRIVER_ERROR_PARSE
 */
gboolean driver_version_parse(const char *text, DriverVersion *version, GError **error);

/**
 * driver_version_format: write a version as NVIDIA prints it: minor and patch with at least two
 * digits.
 *
 * Returns: @buffer
 */
const char *driver_version_format(DriverVersion version, char buffer[static DRIVER_VERSION_MAX]);

/** driver_version_compare: compare versions. Returns: negative if @a is older than @b, 0 if equal, positive if newer. */
int driver_version_compare(DriverVersion a, DriverVersion b);

typedef enum {
    DRIVER_ERROR_PARSE,       /* not a version, policy or capability */
    DRIVER_ERROR_UNKNOWN,     /* a version that the tree does not have */
    DRIVER_ERROR_UNQUALIFIED, /* a version that nvcuse does not vouch for */
    DRIVER_ERROR_HOST         /* the host's driver did not tell its version */
} DriverError;

#define DRIVER_ERROR driver_error_quark()
GQuark driver_error_quark(void);
