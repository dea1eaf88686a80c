/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of driver versions, and the choice of a release in it.
 *
 * The tree follows the driver's own branches. For example, 550.90.07 and 550.90.12 have the same
 * parent, and 580.65.06 does not descend from 570.195.03. A release has the changes of its release. A
 * driver's ABI consists of all changes on the path from the root to its release (driver-abi.h). */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "version-tree/abi-entry.h"
#include "version-tree/driver-version.h"

typedef enum { DRIVER_ARCH_X86_64, DRIVER_ARCH_AARCH64, N_DRIVER_ARCHS } DriverArch;

/** DRIVER_NO_INSTALLER: in place of a checksum, where NVIDIA publishes no installer. */
#define DRIVER_NO_INSTALLER "-"

typedef enum { ABI_ADD, ABI_REPLACE, ABI_REMOVE } AbiOp;

/** AbiChange: one row of a release. A removed entry carries only its kind, number and name. */
typedef struct {
    AbiOp op;
    AbiEntry entry;
} AbiChange;

/** AbiShape: from this release on, entries that use struct @of (its first shape) use shape @is of it. */
typedef struct {
    const AbiLayout *of;
    const AbiLayout *is;
} AbiShape;

/**
 * DriverRelease: a driver release.
 * @parent: the release it derives from, NULL for the root
 * @qualified: nvcuse vouches for its ABI
 * @sha256: checksum of NVIDIA's installer, 64 hexadecimal digits; NULL if it is not recorded, or
 * DRIVER_NO_INSTALLER
 * @changes, @shapes: how its ABI differs from the parent's
 */
struct DriverRelease {
    DriverVersion version;
    const DriverRelease *parent;
    bool qualified;
    const char *sha256[N_DRIVER_ARCHS];
    const AbiChange *changes;
    size_t n_changes;
    const AbiShape *shapes;
    size_t n_shapes;
};

/** driver_releases: get every release, parents first. @n is set to their number. */
const DriverRelease *const *driver_releases(size_t *n);

/** driver_release_find: find the release of exactly this version. Returns NULL if there is none. */
const DriverRelease *driver_release_find(DriverVersion version);

/** driver_release_latest: find the newest qualified release with an installer for @arch. */
const DriverRelease *driver_release_latest(DriverArch arch);

/** driver_arch_name: "x86_64" or "aarch64", as in the installer's file name. */
const char *driver_arch_name(DriverArch arch);

/**
 * DriverPolicy: which drivers are accepted (--driver-policy).
 * @DRIVER_POLICY_QUALIFIED: a qualified release of exactly this version
 * @DRIVER_POLICY_KNOWN: a release of exactly this version
 * @DRIVER_POLICY_SERIES: a release of exactly this version, or the nearest older release of the same major version
 */
typedef enum { DRIVER_POLICY_QUALIFIED, DRIVER_POLICY_KNOWN, DRIVER_POLICY_SERIES } DriverPolicy;

/** driver_policy_parse: read "qualified", "known" or "series". @error: DRIVER_ERROR_PARSE */
gboolean driver_policy_parse(const char *text, DriverPolicy *policy, GError **error);

/**
 * driver_release_choose: choose the release whose ABI to use for a driver.
 * @warning: (out) (optional) (transfer full): set if nvcuse does not vouch for this choice, else
 * NULL
 * @error: DRIVER_ERROR_UNKNOWN or DRIVER_ERROR_UNQUALIFIED, naming the version, the nearest releases
 * and the policy that would help
 *
 * Returns: the release, or NULL if the policy refuses the version.
 */
const DriverRelease *driver_release_choose(DriverVersion version, DriverPolicy policy,
                                           char **warning, GError **error);
