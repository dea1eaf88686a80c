/* SPDX-License-Identifier: Apache-2.0 */
/* The recorder and its threads' current acts. Internal to recorder/. */
#pragma once

#include <pthread.h>

#include "cuse-server/recording/host-buffers.h"
#include "cuse-server/recording/recorder/recorder.h"

/*
 * RecorderLive: the act that a thread is carrying out for a guest.
 * @base: the guest memory that the handler uses; passes calls on to @memory
 * @act: what is known so far; NULL: no act has begun
 * @active: the thread is between the tap's begin() and the end of the act, or leave(): ops belong to @act
 * @began: when the act began, in nanoseconds of CLOCK_MONOTONIC
 */
typedef struct {
    GuestMemory base;
    GuestMemory *memory;
    TraceAct *act;
    bool active;
    uint64_t began;
    HostCopies copies;
} RecorderLive;

struct Recorder {
    Host host;
    ProxyTap tap;
    Host *inner;
    const DriverAbi *abi;
    int fd;
    uint64_t limit;
    uint64_t started;
    pthread_key_t live;
    GMutex lock; /* guards what follows, and the order of records */
    uint64_t written;
    bool stopped;
    GHashTable *processes; /* thread -> GuestProcess; emptied when a process may have ended */
};

G_STATIC_ASSERT(G_STRUCT_OFFSET(Recorder, host) == 0);
G_STATIC_ASSERT(G_STRUCT_OFFSET(RecorderLive, base) == 0);

/** recorder_now: return the time of CLOCK_MONOTONIC, in nanoseconds. */
uint64_t recorder_now(void);

/** recorder_live: get the calling thread's act. It belongs to the recorder. */
RecorderLive *recorder_live(Recorder *recorder);

/** recorder_begin_act: begin an act of this kind, and drop the thread's last one. */
void recorder_begin_act(const Recorder *recorder, RecorderLive *live, TraceActKind kind);

/** recorder_write_act: end the thread's act and write it to the recording. If that fails, the recording stops. */
void recorder_write_act(Recorder *recorder, RecorderLive *live);

/** recorder_host_ops: the Host that records what it is asked. */
extern const HostOps recorder_host_ops;

/** recorder_tap_ops: the tap that records what guests do. */
extern const ProxyTapOps recorder_tap_ops;
