/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is the same for every file that a guest gets from us, be it of a CUSE device or of the FUSE file
 * system: open, poll, last close, and which file it is.
 */
#pragma once

#define FUSE_USE_VERSION 314
#include <cuse_lowlevel.h>

#include "cuse-server/base/pool/reader-pool.h"
#include "cuse-server/observe/call-log.h"
#include "cuse-server/proxy/proxy.h"
#include "cuse-server/wire/broker-protocol.h"
#include "cuse-server/wire/transport-kind.h"
#include "cuse-server/worker/broker-link.h"
#include "cuse-server/worker/doors/interrupts.h"
#include "cuse-server/worker/memory/lent-memory.h"

/** CallJob: an operation that may wait for the broker or the host, and was left to another thread. */
typedef struct CallContext CallContext;
typedef struct CallJob CallJob;
struct CallJob {
    void (*run)(CallContext *context, gpointer job);
    fuse_req_t fuse;
};

/**
 * CallContext: what the operations of all sources share.
 * @n_sources: how many there are
 * @initialised: atomic: how many of them the kernel has taken; the broker is told of the last
 * @pool: whose threads the operations run in
 * @look: its readers', and all others' of the process
 * @sizes: held while the log is told what is open
 * @releases: threads for last closes, which may wait for the host only
 * @lent: memory of callers
 */
struct CallContext {
    Proxy *proxy;
    CallLog *log;
    unsigned n_sources;
    gint initialised;
    Interrupts *interrupts;
    BrokerLink *link;
    ReaderPool *pool;
    Look *look;
    GMutex sizes;
    GThreadPool *releases;
    LentMemories *lent;
};

/**
 * CallSource: where requests come from: a CUSE device, or the file system. The user data of its session.
 * @device: index into the proxy's devices: a CUSE device's
 * @memory: how its callers' memory is reached
 * @room: what the room keeps for it
 * @initialised: the kernel has our INIT reply, or is about to
 */
typedef struct {
    CallContext *context;
    unsigned device;
    GuestMemoryKind memory;
    gpointer room;
    struct fuse_session *session;
    bool initialised;
} CallSource;

/** call_context_init: @threads: most releases at once. */
void call_context_init(CallContext *context, Proxy *proxy, BrokerLink *link, CallLog *log,
                       unsigned threads);

/** call_source_initialised: called once for each source. */
void call_source_initialised(CallSource *source);

/** call_job_run: carry a job out, in a thread that may wait; frees it. */
void call_job_run(CallContext *context, CallJob *job);

/** call_clock: nanoseconds, since some time or other. */
uint64_t call_clock(void);

/** call_log_ioctl: put a call into the log; before it is answered, so that who reads the log after it
 * returned finds it there. */
void call_log_ioctl(CallContext *context, const Request *request);

/** file_call_of: the file that a request is for. If it was opened in advance, this may wait for the word that it is a guest's. */
NvFile *file_call_of(const struct fuse_file_info *info);

/** file_call_given: a file that was opened in advance is a guest's from now on; the broker does not wait for us.
 * @question: WORKER_GIVEN
 * @fd: the host file, owned from now on; or -1: it did not get here */
void file_call_given(CallContext *context, const WorkerQuestion *question, int fd);

/**
 * file_call_open: answer an open of a device, for a guest or in advance.
 * @id: the file's, by which the broker knows it
 * @device: index into the proxy's devices
 */
void file_call_open(CallContext *context, fuse_req_t fuse, uint32_t id, unsigned device,
                    const struct fuse_file_info *info);

/** file_call_release: answer the last close. */
void file_call_release(CallContext *context, fuse_req_t fuse, const struct fuse_file_info *info);

/** file_call_poll: answer a poll. @handle: to wake whoever waits, owned from now on; or NULL */
void file_call_poll(CallContext *context, fuse_req_t fuse, const struct fuse_file_info *info,
                    struct fuse_pollhandle *handle);

/** file_call_refuse: answer an ioctl with an error, and put it into the log. */
void file_call_refuse(CallContext *context, fuse_req_t fuse, uint32_t command,
                      const struct fuse_file_info *info, int error, Refusal refusal);
