/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/driver/nvidia as an instance's container sees it: a FUSE file system, served by a process
 * of its own (nvcuse-proc) that is locked up like a worker and may do nothing but read the host's
 * files. It is mounted nowhere on the host; whoever builds the container's view attaches it there.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

#include "cuse-server/recording/simulation.h"
#include "cuse-server/wire/device.h"

/**
 * ProcView: a file system that is being served.
 * @pid: the server
 * @mount: the file system, read-only and attached nowhere; once attached (move_mount(2)) it cannot
 * be again
 */
typedef struct {
    pid_t pid;
    int mount;
} ProcView;

/**
 * proc_view_start: make one and fork its server. The process must have one thread, which the server
 * does not outlive. Needs CAP_SYS_ADMIN and /dev/fuse.
 */
bool proc_view_start(ProcView *view, const Device *devices, unsigned n_devices, GError **error);

/** proc_view_simulate: the same for a simulated instance, without a server (simulated-proc.h). */
bool proc_view_simulate(ProcView *view, const Simulation *simulation, const Device *devices,
                        unsigned n_devices, GError **error);

/** proc_view_stop: end the server; where the file system is attached, using it fails from now on.
 * May be called again, and for a view whose start failed. */
void proc_view_stop(ProcView *view);

/** proc_view_attach: put it over PROC_TREE_DRIVER in the mount namespace of the caller. */
bool proc_view_attach(int mount, GError **error);
