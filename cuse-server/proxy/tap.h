/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody who hears of everything that guests do, as the proxy sees it, and of their memory. What the
 * host is asked for it he hears by standing between the proxy and its Host.
 */
#pragma once

#include "cuse-server/proxy/call/request.h"

typedef struct ProxyTap ProxyTap;

/**
 * ProxyTapOps: called from any thread, each thread's calls in order. What nobody wants to hear of may be NULL:
 * opened, released, answered, mapped.
 */
typedef struct {
    /** begin: this thread acts for a guest from now on. What it did before and nobody was told the end of
     * came to nothing. */
    void (*begin)(ProxyTap *tap);
    /** memory: of the ioctl that has just begun. Returns what its handler is to use. */
    GuestMemory *(*memory)(ProxyTap *tap, GuestMemory *memory);
    /** leave: the thread acts no more. */
    void (*leave)(ProxyTap *tap);
    /** opened: @error: 0 or an errno */
    void (*opened)(ProxyTap *tap, unsigned device, int flags, uint32_t file_id, int error);
    void (*released)(ProxyTap *tap, uint32_t file_id);
    /** answered: this is what the guest gets; the private copies of its memory are still there. */
    void (*answered)(ProxyTap *tap, Request *req);
    void (*mapped)(ProxyTap *tap, uint32_t file_id, uint64_t length, uint64_t offset, int error);
} ProxyTapOps;

struct ProxyTap {
    const ProxyTapOps *ops;
};
