/* SPDX-License-Identifier: Apache-2.0 */
/* Lists every ioctl that the proxy may make at the host. A filter around the proxy must allow all of them. */
#pragma once

#include <glib.h>

#include "abi/ioctl-word.h"
#include "version-tree/driver-abi.h"

/**
 * host_commands: list the command words that the proxy sends to the host for a driver and a set of capabilities.
 * The size bits of a word are the size of the struct in this driver version. The mask leaves the size bits open only
 * where the argument is an array of any length.
 * @scope_gpus: include the ioctls that GPU scoping makes by itself, whatever the guest's capabilities are
 *
 * Returns: (transfer full): array of IoctlWord, sorted by word, each word once.
 */
GArray *host_commands(const DriverAbi *abi, NvCaps caps, bool scope_gpus);

/** host_commands_have: whether a word of @commands matches @command. */
bool host_commands_have(const GArray *commands, uint32_t command);
