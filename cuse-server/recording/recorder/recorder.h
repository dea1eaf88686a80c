/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder records an instance. It stands between the proxy and its Host, and the proxy calls its tap
 * (proxy/tap.h). It writes an act in one piece when the act has ended. Acts that depend on each other are
 * therefore in order, and a recording that was cut short is whole up to its last complete act. If an act cannot
 * be written, the recorder prints one message and stops recording. The guest goes on.
 */
#pragma once

#include "cuse-server/proxy/proxy.h"
#include "cuse-server/recording/format/file.h"

typedef struct Recorder Recorder;

/**
 * RecorderConfig:
 * @fd: the file to write to; the caller closes it
 * @limit: the largest size of the recording, in bytes
 * @inner: the Host that carries out the calls
 * @abi: the driver's tables
 * @session: the instance that is recorded; the recorder fills in @started, @driver and @program
 */
typedef struct {
    int fd;
    uint64_t limit;
    Host *inner;
    const DriverAbi *abi;
    TraceSession session;
} RecorderConfig;

Recorder *recorder_new(const RecorderConfig *config);

/** recorder_host: get the Host for proxy_init(). */
Host *recorder_host(Recorder *recorder);

/** recorder_tap: get the tap for Proxy.tap. */
ProxyTap *recorder_tap(Recorder *recorder);

/** recorder_finish: write the record that marks the recording as whole. Acts that end later are not recorded. */
void recorder_finish(Recorder *recorder);

/** recorder_free: free the recorder. No thread may use it, or a proxy on its Host, any more. */
void recorder_free(Recorder *recorder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Recorder, recorder_free)
