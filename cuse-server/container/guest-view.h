/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest of `nvcuse run` sees: its own /dev, in which the NVIDIA nodes are the instance's,
 * and a /proc of its pid namespace that tells NVIDIA's libraries to leave device nodes alone and
 * lists the instance's GPUs.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/wire/device.h"

/**
 * guest_view_enter: change the calling process's mount namespace, which must be its own, and
 * private.
 *
 * /dev becomes a tmpfs mounted nodev that holds the instance's nodes with the host's true numbers:
 * stat is right, opening one directly is EACCES for everyone, root included. All else in the host's
 * /dev is bound in, except NVIDIA's nodes, /dev/dri, /dev/cuse and /dev/nvcuse.
 */
bool guest_view_enter(const Device *devices, unsigned n_devices, int proc_view, GError **error);
