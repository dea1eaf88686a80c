/* SPDX-License-Identifier: Apache-2.0 */
/* Every ioctl that the proxy may make at the host: what a filter around it must let through. */
#pragma once

#include <glib.h>

#include "abi/ioctl-word.h"
#include "version-tree/driver-abi.h"

/**
 * host_commands: the command words that the handlers send for a driver and a set of capabilities.
 * A word's size is that of the struct in this driver version; only where the handler takes an array
 * of any length are the bits of the size left open.
 * @scope_gpus: GPU scoping asks the driver by itself, whatever the guest may
 *
 * Returns: (transfer full): array of IoctlWord by word, each once.
 */
GArray *host_commands(const DriverAbi *abi, NvCaps caps, bool scope_gpus);

/** host_commands_have: whether @command is one of them. */
bool host_commands_have(const GArray *commands, uint32_t command);
