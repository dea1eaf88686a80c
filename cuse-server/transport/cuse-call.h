/* SPDX-License-Identifier: Apache-2.0 */
/* The FUSE operations of a device: open, ioctl, release. */
#pragma once

#define FUSE_USE_VERSION 314
#include <cuse_lowlevel.h>

#include "cuse-server/observe/call-log.h"
#include "cuse-server/proxy/proxy.h"

/**
 * CallContext: what the operations of all devices share.
 * @calls: threads for opens and ioctls, which may wait for the broker and the host
 * @releases: threads for last closes, which may wait for the host only
 */
typedef struct {
    Proxy *proxy;
    CallLog *log;
    uint64_t secret;
    GThreadPool *calls;
    GThreadPool *releases;
} CallContext;

/**
 * CuseDevice: one node's session.
 * @index: into the proxy's devices
 * @initialised: the kernel has processed our INIT reply
 */
typedef struct {
    CallContext *context;
    unsigned index;
    struct fuse_session *session;
    bool initialised;
} CuseDevice;

/** cuse_call_ops: the operations; a session's user data is its CuseDevice. */
extern const struct cuse_lowlevel_ops cuse_call_ops;

/** call_context_init: @threads: size of each pool. */
void call_context_init(CallContext *context, Proxy *proxy, CallLog *log, uint64_t secret,
                       unsigned threads);
