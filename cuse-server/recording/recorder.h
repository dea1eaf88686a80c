/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recording an instance. The recorder stands between the proxy and its Host, and listens to the proxy
 * (proxy/tap.h). An act is written when it has ended, in one piece: acts that depend on each other are in
 * order, and a recording that was cut short is whole up to the last one. What cannot be written is said
 * once, and the guest goes on.
 */
#pragma once

#include "cuse-server/proxy/proxy.h"
#include "cuse-server/recording/file.h"

typedef struct Recorder Recorder;

/**
 * RecorderConfig:
 * @fd: where the recording goes; not the recorder's to close
 * @limit: bytes that it may become
 * @inner: the Host that is asked
 * @abi: the driver's tables
 * @session: what is recorded; @started, @driver and @program are filled in
 */
typedef struct {
    int fd;
    uint64_t limit;
    Host *inner;
    const DriverAbi *abi;
    TraceSession session;
} RecorderConfig;

Recorder *recorder_new(const RecorderConfig *config);

/** recorder_host: the Host for proxy_init(). */
Host *recorder_host(Recorder *recorder);

/** recorder_tap: for Proxy.tap. */
ProxyTap *recorder_tap(Recorder *recorder);

/** recorder_finish: write that it is whole. Acts that end later are not recorded. */
void recorder_finish(Recorder *recorder);

/** recorder_free: no thread may use it, or a proxy on its Host, any more. */
void recorder_free(Recorder *recorder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Recorder, recorder_free)
