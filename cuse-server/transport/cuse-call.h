/* SPDX-License-Identifier: Apache-2.0 */
/* The FUSE operations of a device: open, ioctl, release. */
#pragma once

#define FUSE_USE_VERSION 314
#include <cuse_lowlevel.h>

#include "cuse-server/observe/call-log.h"
#include "cuse-server/proxy/proxy.h"

/** CallJob: an operation that may wait for the broker or the host, ready to be carried out. */
typedef struct CallJob CallJob;

/**
 * CallContext: what the operations of all devices share.
 * @next: what the operation that just ran left to be done, or NULL; the thread that processes
 * requests takes it out
 * @releases: threads for last closes, which may wait for the host only
 */
typedef struct {
    Proxy *proxy;
    CallLog *log;
    uint64_t secret;
    CallJob *next;
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

/** call_context_init: @threads: most releases at once. */
void call_context_init(CallContext *context, Proxy *proxy, CallLog *log, uint64_t secret,
                       unsigned threads);

/** call_job_run: carry a job out, in a thread that may wait; frees it. */
void call_job_run(CallContext *context, CallJob *job);
