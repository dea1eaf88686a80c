/* SPDX-License-Identifier: Apache-2.0 */
/* A simulation. Internal to simulation*.c. */
#pragma once

#include <pthread.h>

#include "cuse-server/recording/simulation/answers.h"
#include "cuse-server/recording/simulation/simulation.h"

struct Simulation {
    Host host;
    ProxyTap tap;
    Host *inner;
    TraceFile *file;
    TraceNames *names;
    GArray *cards;
    pthread_key_t live;
    GMutex lock; /* guards what follows */
    Answers *answers;
    GHashTable *open; /* set of descriptors: files that @inner opened */
    uint64_t answered;
    uint64_t missed;
    GHashTable *missing; /* name -> how often it was not in the recording */
};

G_STATIC_ASSERT(G_STRUCT_OFFSET(Simulation, host) == 0);

/** simulation_host_ops: the Host that answers from the recording. */
extern const HostOps simulation_host_ops;

/** simulation_tap_ops: the tap that remembers the copies of guest memory in a thread's current call. */
extern const ProxyTapOps simulation_tap_ops;
