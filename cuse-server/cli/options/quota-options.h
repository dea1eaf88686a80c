/* SPDX-License-Identifier: Apache-2.0 */
/* The options of an instance that limit what guests hold and use of GPUs and memory. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/cli/options/instance-options.h"
#include "cuse-server/wire/instance-spec.h"

/** quota_options_pair: refuse quotas of an instance that is recorded: the recording does not contain them, so a replay would answer
 * otherwise. Returns false with @error, which begins with the option. */
bool quota_options_pair(const InstanceOptions *options, GError **error);

/**
 * quota_options_set: set the quotas of an instance.
 * @spec: has its devices
 * Returns: false with @error, which begins with the option, if an option names a GPU that the instance does not have.
 */
bool quota_options_set(const InstanceOptions *options, InstanceSpec *spec, GError **error);
