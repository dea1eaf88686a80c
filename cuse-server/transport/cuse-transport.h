/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CUSE: the instance's character devices, and how their requests reach the proxy.
 *
 * Theory of operation. Each device has a /dev/cuse file and a libfuse session of its own. The
 * threads are a LeaderPool: the leader polls all sessions together with the broker's socket, and
 * never blocks: it runs a handler's rounds until all guest memory is here, and answers what can be
 * answered without the host (refusals, identify). With anything else in hand it passes the lead on
 * and carries it out. Closing a guest's file is left to release threads, so that a release never
 * waits for a call (transport/broker-protocol.h says why that matters).
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/observe/call-log.h"
#include "cuse-server/proxy/proxy.h"
#include "cuse-server/transport/broker-link.h"

/**
 * CuseConfig: the devices of an instance.
 * @name: the instance's name; nodes are /dev/nvcuse/NAME/...
 * @major_no, @first_minor: device i gets @first_minor + i
 * @fds: an open /dev/cuse for each of the proxy's devices
 * @secret: argument of IDENTIFY_COMMAND
 * @threads: most calls in progress at once
 */
typedef struct {
    const char *name;
    unsigned major_no;
    unsigned first_minor;
    const int *fds;
    uint64_t secret;
    unsigned threads;
} CuseConfig;

typedef struct CuseTransport CuseTransport;

/**
 * cuse_transport_new: set up the sessions. Needs a file system (libfuse opens /dev/null), so it
 * comes before locking up; the devices appear in cuse_transport_run().
 */
CuseTransport *cuse_transport_new(const CuseConfig *config, Proxy *proxy, BrokerLink *link,
                                  CallLog *log, GError **error);

/**
 * cuse_transport_run: register the devices, tell the broker when they exist, serve.
 * Returns: true when the broker closed its socket, false with @error if a device was lost.
 */
bool cuse_transport_run(CuseTransport *transport, GError **error);

/** cuse_device_name: "nvcuse!NAME!nvidiactl", as in /sys/class/cuse. The caller frees it. */
char *cuse_device_name(const char *instance, const char *device);
