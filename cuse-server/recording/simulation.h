/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Host that answers from a recording, for programs that run now: there is no driver behind it. Files
 * and guests are those of a Host behind it; what it opens need only be something that can be mapped.
 */
#pragma once

#include "cuse-server/proxy/tap.h"
#include "cuse-server/recording/file.h"
#include "version-tree/driver-abi.h"

typedef struct Simulation Simulation;

/** simulation_new: read a whole recording. @error: names @path */
Simulation *simulation_new(const char *path, GError **error);
void simulation_free(Simulation *simulation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Simulation, simulation_free)

/** simulation_session: what was recorded; an instance that is to be simulated is like that. */
const TraceSession *simulation_session(const Simulation *simulation);

const DriverAbi *simulation_abi(const Simulation *simulation);

/** simulation_cards: (element-type nv_ioctl_card_info_t): the GPUs that the recorded driver listed. */
const GArray *simulation_cards(const Simulation *simulation);

/**
 * simulation_host: the Host, for one proxy.
 * @inner: opens what stands for the host's files, and knows the guest; outlives the simulation
 */
Host *simulation_host(Simulation *simulation, Host *inner);

/** simulation_tap: for the same proxy. */
ProxyTap *simulation_tap(Simulation *simulation);

/** simulation_summary: (transfer full): how many calls were answered from the recording, and which not;
 * without a line's end. @missing: set to how many were not; or NULL */
char *simulation_summary(Simulation *simulation, uint64_t *missing);
