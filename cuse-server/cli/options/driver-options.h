/* SPDX-License-Identifier: Apache-2.0 */
/* --driver and --driver-policy: which driver's ABI a command works with. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "version-tree/driver-node.h"

/**
 * DriverOptions: as parsed. Zero it, parse, choose, clear.
 * @driver: a version, "latest" or "host"; NULL means host
 * @policy: NULL means @default_policy
 * @default_policy: commands that only show tables set DRIVER_POLICY_KNOWN, since looking endangers
 * nobody
 */
typedef struct {
    char *driver;
    char *policy;
    DriverPolicy default_policy;
} DriverOptions;

/** driver_options_add: add the two options to a command's context; @options must outlive the
 * parsing. */
void driver_options_add(DriverOptions *options, GOptionContext *context);

/**
 * driver_options_choose: the node that the options ask for; a doubtful choice is said on standard
 * error.
 * @error: what driver_node_choose() or the host's driver said, or DRIVER_ERROR_PARSE
 */
const DriverNode *driver_options_choose(const DriverOptions *options, GError **error);

void driver_options_clear(DriverOptions *options);

/**
 * driver_version_ask_host: the version of the driver that the host runs. Needs the rights of
 * host_node_open().
 */
bool driver_version_ask_host(DriverVersion *version, GError **error);

/** driver_version_resolve: the version that a word names: "host", "latest" (for x86_64) or a
 * version. */
bool driver_version_resolve(const char *word, DriverVersion *version, GError **error);
