/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How requests of guests reach the proxy. There are two rooms behind this door: CUSE
 * (cuse-devices.h), and a FUSE file system (fuse-files.h). Their ioctls take one way (ioctl-calls.h).
 *
 * Theory of operation. A source is a file of /dev/cuse or /dev/fuse with a libfuse session of its own:
 * one for each CUSE device, or one for the file system. The
 * threads are a ReaderPool: those that are idle wait for all sources. The
 * one that reads a request runs the handler's rounds until all guest memory is here, and answers
 * what can be answered without the host (refusals). Where the handler is to act, the
 * thread does it if another goes on reading; nobody hands it the request. Closing a guest's file is
 * left to release threads, so that a release never waits for a call (wire/broker-protocol.h
 * says why that matters). The main thread waits for the broker's end, or a source's.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/observe/call-log.h"
#include "cuse-server/proxy/proxy.h"
#include "cuse-server/wire/transport-kind.h"
#include "cuse-server/worker/broker-link.h"
#include "cuse-server/worker/doors/cuse-devices.h"

/**
 * TransportConfig: the files of an instance.
 * @cuse: for TRANSPORT_CUSE
 * @memory: for TRANSPORT_CUSE
 * @fds, @n_fds: an open /dev/cuse for each of the proxy's devices, or the open /dev/fuse of the file system
 * @threads: most calls in progress at once
 */
typedef struct {
    TransportKind kind;
    CuseNumbers cuse;
    GuestMemoryKind memory;
    const int *fds;
    unsigned n_fds;
    unsigned threads;
} TransportConfig;

typedef struct Transport Transport;

/**
 * transport_new: set up the sessions. Needs a file system (libfuse opens /dev/null), so it
 * comes before locking up; the files can be opened from transport_run() on.
 */
Transport *transport_new(const TransportConfig *config, Proxy *proxy, BrokerLink *link,
                         CallLog *log, GError **error);

/** transport_context: what all calls share; the transport's. */
CallContext *transport_context(Transport *transport);

/**
 * transport_run: tell the broker when files can be opened, serve.
 * Returns: true when the broker closed its socket, false with @error if a source was lost.
 */
bool transport_run(Transport *transport, GError **error);
