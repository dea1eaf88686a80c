/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Observer for recording and simulation. The proxy calls it for every guest operation, and it may wrap the
 * guest's memory. To see the calls to the host as well, an observer puts its own Host between the proxy and the
 * real Host.
 */
#pragma once

#include "cuse-server/proxy/call/request.h"

typedef struct ProxyTap ProxyTap;

/**
 * ProxyTapOps: called from any thread; the calls of one thread come in order. These may be NULL: opened, released,
 * answered, mapped.
 */
typedef struct {
    /** begin: this thread acts for a guest from now on. If the thread began an operation before and the tap was not
     * told of its end, discard that operation. */
    void (*begin)(ProxyTap *tap);
    /** memory: called after begin, for an ioctl. @memory: the guest's. Returns the memory that the pipeline uses instead. */
    GuestMemory *(*memory)(ProxyTap *tap, GuestMemory *memory);
    /** leave: the thread does not act for a guest any more. */
    void (*leave)(ProxyTap *tap);
    /** opened: a guest's open ended. @error: 0 or an errno */
    void (*opened)(ProxyTap *tap, unsigned device, int flags, uint32_t file_id, int error);
    void (*released)(ProxyTap *tap, uint32_t file_id);
    /** answered: @req contains the answer that the guest gets. The private copies of its memory are still there. */
    void (*answered)(ProxyTap *tap, Request *req);
    void (*mapped)(ProxyTap *tap, uint32_t file_id, uint64_t length, uint64_t offset, int error);
} ProxyTapOps;

struct ProxyTap {
    const ProxyTapOps *ops;
};
