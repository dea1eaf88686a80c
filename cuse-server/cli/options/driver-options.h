/* SPDX-License-Identifier: Apache-2.0 */
/* The options --driver and --driver-policy. They choose the driver whose ABI a command uses. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "version-tree/driver-release.h"

/**
 * DriverOptions: the parsed options. Use: zero it, parse, choose, clear.
 * @driver: a version, "latest" or "host"; NULL means host
 * @policy: NULL means @default_policy
 * @default_policy: commands that only show tables set DRIVER_POLICY_KNOWN, because showing tables is
 * not dangerous
 */
typedef struct {
    char *driver;
    char *policy;
    DriverPolicy default_policy;
} DriverOptions;

/** driver_options_add: add the two options to a command's context. @options must outlive the
 * parsing. */
void driver_options_add(DriverOptions *options, GOptionContext *context);

/**
 * driver_options_choose: choose the release that the options ask for. Prints a warning on standard error if nvcuse does
 * not vouch for the choice.
 * @error: from driver_release_choose() or driver_version_ask_host(), or DRIVER_ERROR_PARSE
 */
const DriverRelease *driver_options_choose(const DriverOptions *options, GError **error);

void driver_options_clear(DriverOptions *options);

/**
 * driver_version_ask_host: ask the host's driver for its version. Needs the privileges that
 * host_node_open() needs.
 */
bool driver_version_ask_host(DriverVersion *version, GError **error);

/** driver_version_resolve: find the version that a word names: "host", "latest" (for x86_64) or a
 * version. */
bool driver_version_resolve(const char *word, DriverVersion *version, GError **error);
