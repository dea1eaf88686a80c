/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulation is a Host that answers the calls of programs that run now from a recording, without a driver.
 * Another Host behind it, the inner one, opens the files and identifies guests. The files that the inner Host
 * opens only have to be files that can be mapped.
 */
#pragma once

#include "cuse-server/proxy/tap.h"
#include "cuse-server/recording/format/file.h"
#include "version-tree/driver-abi.h"

typedef struct Simulation Simulation;

/** simulation_new: read a whole recording. @error: names @path */
Simulation *simulation_new(const char *path, GError **error);
void simulation_free(Simulation *simulation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Simulation, simulation_free)

/** simulation_session: get the recorded instance. A simulated instance is set up like it. */
const TraceSession *simulation_session(const Simulation *simulation);

const DriverAbi *simulation_abi(const Simulation *simulation);

/** simulation_cards: (element-type nv_ioctl_card_info_t): get the GPUs that the recorded driver listed. */
const GArray *simulation_cards(const Simulation *simulation);

/**
 * simulation_host: get the Host, for one proxy.
 * @inner: opens the files that stand for the host's files, and identifies guests; outlives the simulation
 */
Host *simulation_host(Simulation *simulation, Host *inner);

/** simulation_tap: get the tap for the same proxy. */
ProxyTap *simulation_tap(Simulation *simulation);

/** simulation_summary: (transfer full): describe how many calls were answered from the recording, and which ones were
 * not. The text does not end with a newline. @missing: set to how many calls were not answered; or NULL */
char *simulation_summary(Simulation *simulation, uint64_t *missing);
