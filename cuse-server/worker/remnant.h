/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells whether a file that was closed still exists. The kernel keeps an open file as long as anything refers to
 * it: a mapping in a guest's address space, or another file of the driver's. It does not report when the last reference goes.
 *
 * Theory of operation. Some things are tied to an open file and vanish with it. They can be looked for later:
 *   - A file that can be polled: an epoll instance watches the file without keeping it open, and forgets it when the kernel
 *     releases it. kcmp(2) tells whether the instance still watches the file.
 *   - A file that cannot be polled: we put a lock (F_OFD_SETLK) on a byte of the device's node that no other file uses.
 *     Another open file of the same node, the probe, can see that lock.
 *
 * All resources for this are taken while the file is open, before a guest has used it: a file that cannot be followed can
 * still be refused then. After the close nothing more is needed, so nothing can fail for lack of resources.
 */
#pragma once

#include <stdbool.h>

#include "cuse-server/proxy/host.h"

/**
 * remnant_new: follow an open file beyond its close.
 * @probe: another open file of the same node, which lives as long as remnants do; -1 if the file itself can be polled
 * @byte: with a probe: the byte of the node to lock; no other file of the node ever had the same byte
 * Returns: (transfer full): NULL with errno set if the file cannot be followed.
 */
HostRemnant *remnant_new(int fd, int probe, off_t byte);

/**
 * remnant_remains: tell whether the file still exists. It must have been closed.
 * Returns: true also if a look fails: such a file counts as existing. But false for a file that can be polled, on a kernel
 * that cannot tell this of any such file (without CONFIG_KCMP).
 */
bool remnant_remains(const HostRemnant *remnant);

void remnant_free(HostRemnant *remnant);
