/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations that are the same for files of CUSE devices and files of the FUSE file system: open, poll, last close,
 * and finding the file of a request.
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

/** CallJob: an operation that may wait for the broker or the host, and that a reader left to another thread. */
typedef struct CallContext CallContext;
typedef struct CallJob CallJob;
struct CallJob {
    void (*run)(CallContext *context, gpointer job);
    fuse_req_t fuse;
};

/**
 * CallContext: what the operations of all sources share.
 * @n_sources: number of sources
 * @initialised: atomic: number of sources that the kernel has accepted; after the last one the worker tells the broker
 * @pool: the threads that run the operations
 * @look: shared by @pool and all other reader pools of the process
 * @sizes: held while the log is told what is open
 * @releases: threads for last closes; they wait for the host only
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
 * CallSource: a source of requests: a CUSE device, or the file system. It is the user data of its session.
 * @device: for a CUSE device: index into the proxy's devices
 * @memory: how the worker reaches the memory of this source's callers
 * @room: private data of the FUSE file system (fuse-files.c); NULL for a CUSE device
 * @initialised: the kernel has our INIT reply, or is about to get it
 */
typedef struct {
    CallContext *context;
    unsigned device;
    GuestMemoryKind memory;
    gpointer room;
    struct fuse_session *session;
    bool initialised;
} CallSource;

/** call_context_init: set up the context. @threads: the most releases in progress at once. */
void call_context_init(CallContext *context, Proxy *proxy, BrokerLink *link, CallLog *log,
                       unsigned threads);

/** call_source_initialised: note that the kernel has accepted a source. Call this once for each source. */
void call_source_initialised(CallSource *source);

/** call_job_run: carry out a job in a thread that may wait. Frees the job. */
void call_job_run(CallContext *context, CallJob *job);

/** call_clock: the monotonic time in nanoseconds. Its zero has no meaning. */
uint64_t call_clock(void);

/** call_log_ioctl: put a call into the log. Call this before answering: a program that reads the log after its call
 * returned then finds the call there. */
void call_log_ioctl(CallContext *context, const Request *request);

/** file_call_of: find the file that a request is for. If the file was opened in advance, this may wait for the message that the
 * file is a guest's. */
NvFile *file_call_of(const struct fuse_file_info *info);

/** file_call_given: make a file that was opened in advance a guest's. The broker does not wait for this.
 * @question: WORKER_GIVEN
 * @fd: the host file, owned from now on; -1: it did not arrive */
void file_call_given(CallContext *context, const WorkerQuestion *question, int fd);

/**
 * file_call_open: answer an open of a device, for a guest or in advance.
 * @id: the file's id, by which the broker knows the file
 * @device: index into the proxy's devices
 */
void file_call_open(CallContext *context, fuse_req_t fuse, uint32_t id, unsigned device,
                    const struct fuse_file_info *info);

/** file_call_release: answer the last close of a file. */
void file_call_release(CallContext *context, fuse_req_t fuse, const struct fuse_file_info *info);

/** file_call_poll: answer a poll. @handle: for waking the thread that polls, owned from now on; or NULL */
void file_call_poll(CallContext *context, fuse_req_t fuse, const struct fuse_file_info *info,
                    struct fuse_pollhandle *handle);

/** file_call_refuse: answer an ioctl with an error, and put it into the log. */
void file_call_refuse(CallContext *context, fuse_req_t fuse, uint32_t command,
                      const struct fuse_file_info *info, int error, Refusal refusal);
