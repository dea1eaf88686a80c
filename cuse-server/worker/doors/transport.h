/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings guests' requests to the proxy. There are two doors: CUSE (cuse-devices.h) and a FUSE file system (fuse-files.h).
 * Both handle ioctls in the same way (ioctl-calls.h).
 *
 * Theory of operation. A source is an open /dev/cuse or /dev/fuse with a libfuse session of its own:
 * one for each CUSE device, or one for the file system. The threads form a ReaderPool: idle threads wait for all sources.
 * The thread that reads a request runs the handler's rounds until all guest memory is here. It answers what it can answer
 * without the host (refusals). When the handler is to act, the same thread does that if another thread goes on reading, so
 * that no request has to be handed to another thread. Separate release threads close guests' files, so that a release never
 * waits for a call (wire/broker-protocol.h says why that matters). The main thread waits until the broker ends or a source
 * is lost.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/observe/call-log.h"
#include "cuse-server/proxy/proxy.h"
#include "cuse-server/wire/worker-spec.h"
#include "cuse-server/worker/broker-link.h"
#include "cuse-server/worker/doors/file-calls.h"

typedef struct Transport Transport;

/**
 * transport_new: set up the sessions. Call this before locking the worker up: libfuse opens /dev/null, which needs a file
 * system. The files can be opened from transport_run() on.
 * @spec: outlives the transport
 * Returns: NULL with @error if a session cannot be started; the worker then has to end.
 */
Transport *transport_new(const WorkerSpec *spec, Proxy *proxy, BrokerLink *link, CallLog *log,
                         GError **error);

/** transport_context: the context that all calls share. The transport owns it. */
CallContext *transport_context(Transport *transport);

/**
 * transport_run: tell the broker when files can be opened, and serve requests.
 * Returns: true when the broker closed its socket, false with @error if a source was lost.
 */
bool transport_run(Transport *transport, GError **error);
