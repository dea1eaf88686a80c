/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a file that was closed is still there: the kernel keeps an open file as long as anything refers to
 * it, a mapping in a guest's address space or another file of the driver's, and tells nobody when the last goes.
 *
 * Theory of operation. What is tied to an open file, and goes with it, can be looked for later. An epoll instance
 * watches a file without keeping it, and forgets it as it is released: kcmp(2) says whether it still watches
 * one. A file that cannot be polled has a lock put on it (F_OFD_SETLK), on a byte of its own of the device's node;
 * another open file of the same node, the probe, can see it.
 *
 * All that this takes is taken while the file is open, before a guest has had anything of it: a file that cannot be
 * followed can still be refused then. Once it is closed nothing more is needed, so nothing can fail for want of it.
 */
#pragma once

#include <stdbool.h>

#include "cuse-server/proxy/host.h"

/**
 * remnant_new: follow a file, which is open, beyond its close.
 * @probe: another open file of the same node, which lives as long as remnants do; -1: the file can be polled
 * @byte: of the node, if there is a probe; no other file of it has had the same
 * Returns: (transfer full): or NULL with errno set: the file cannot be followed.
 */
HostRemnant *remnant_new(int fd, int probe, off_t byte);

/**
 * remnant_remains: whether the file is still there. It must have been closed.
 * Returns: true as well if that cannot be told: such a file counts. But on a kernel that cannot tell of any
 * (without CONFIG_KCMP), false.
 */
bool remnant_remains(const HostRemnant *remnant);

void remnant_free(HostRemnant *remnant);
