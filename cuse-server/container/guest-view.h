/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds what a guest of `nvcuse run` sees. The guest gets its own /dev, in which the NVIDIA nodes
 * are the instance's. It gets the /proc of its PID namespace, which tells NVIDIA's libraries to
 * leave device nodes alone and lists the instance's GPUs.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/wire/device.h"

/**
 * guest_view_enter: build the view in the calling process's mount namespace. The namespace must
 * belong to this process alone; the function makes its mounts private.
 *
 * /dev becomes a tmpfs mounted nodev that holds the instance's nodes with the host's true numbers.
 * stat() on a node shows the right numbers; opening a node directly fails with EACCES for everyone,
 * root included. Everything else in the host's /dev is bound in, except NVIDIA's nodes, /dev/dri,
 * /dev/cuse and /dev/nvcuse.
 */
bool guest_view_enter(const Device *devices, unsigned n_devices, int proc_view, GError **error);
