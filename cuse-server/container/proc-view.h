/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serves /proc/driver/nvidia as an instance's container sees it. It is a FUSE file system. Its
 * server is a separate process (nvcuse-proc), which is locked up like a worker and may only read
 * the host's files. The file system is mounted nowhere on the host. The code that builds the
 * container's view attaches it there.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

#include "cuse-server/recording/simulation/simulation.h"
#include "cuse-server/wire/device.h"

/**
 * ProcView: a file system that is being served.
 * @pid: the server
 * @mount: the file system, read-only and attached nowhere. It can be attached once (move_mount(2))
 */
typedef struct {
    pid_t pid;
    int mount;
} ProcView;

/**
 * proc_view_start: make a file system and fork its server. The calling process must have one
 * thread. The server dies when this thread ends. Needs CAP_SYS_ADMIN and /dev/fuse.
 */
bool proc_view_start(ProcView *view, const Device *devices, unsigned n_devices, GError **error);

/** proc_view_simulate: the same for a simulated instance, without a server (simulated-proc.h). */
bool proc_view_simulate(ProcView *view, const Simulation *simulation, const Device *devices,
                        unsigned n_devices, GError **error);

/** proc_view_stop: end the server. Where the file system is attached, every use of it fails from
 * now on. May be called again, and for a view whose start failed. */
void proc_view_stop(ProcView *view);

/** proc_view_attach: mount the view over PROC_TREE_DRIVER in the caller's mount namespace. */
bool proc_view_attach(int mount, GError **error);
