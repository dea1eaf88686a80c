/* SPDX-License-Identifier: Apache-2.0 */
/* Checks NVIDIA's installers (.run files) against the checksums in the tree. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "version-tree/driver-release.h"

/** Installer: the information in an installer's file name. */
typedef struct {
    DriverArch arch;
    DriverVersion version;
} Installer;

/**
 * installer_parse_name: read a name such as NVIDIA-Linux-x86_64-580.65.06.run.
 * @path: only its last component matters
 * @error: DRIVER_ERROR_PARSE; also for a repackaged installer (-no-compat32, -grid ...)
 */
bool installer_parse_name(const char *path, Installer *installer, GError **error);

/**
 * InstallerProgress: a function that is called after each block.
 * @done, @total: in bytes
 */
typedef void (*InstallerProgress)(guint64 done, guint64 total, gpointer data);

/**
 * installer_sha256: compute the checksum of a file.
 * @progress: (optional)
 *
 * Returns: (transfer full): 64 hexadecimal digits, or NULL with @error set.
 */
char *installer_sha256(const char *path, InstallerProgress progress, gpointer data, GError **error);

typedef enum {
    INSTALLER_MATCH,
    INSTALLER_MISMATCH,
    INSTALLER_UNKNOWN,      /* no checksum is recorded for this version */
    INSTALLER_NOT_PUBLISHED /* there is no installer of this version for the architecture */
} InstallerVerdict;

/**
 * installer_judge: compare a checksum with the one in the tree.
 * @sha256: 64 lower-case hexadecimal digits
 * @expected: (out): the recorded checksum, or NULL
 */
InstallerVerdict installer_judge(const Installer *installer, const char *sha256,
                                 const char **expected);

/** installer_verdict_name: name a verdict: "match", "mismatch", "unknown" or "no installer". */
const char *installer_verdict_name(InstallerVerdict verdict);
