/* SPDX-License-Identifier: Apache-2.0 */
/* What an ioctl gives the host, as a recording has it: its argument, and all that the driver reaches from there. */
#pragma once

#include "cuse-server/proxy/host.h"
#include "cuse-server/recording/act.h"

/**
 * HostCopies: private copies of guest memory, by range of the act.
 * @at: NULL: there is none
 * @left: how many bytes the act may still have
 */
typedef struct {
    unsigned n;
    void *at[TRACE_RANGES_MAX];
    uint32_t size[TRACE_RANGES_MAX];
    size_t left;
} HostCopies;

/** HostBuffers: where the buffers of an op are, while the call lasts. */
typedef struct {
    unsigned n;
    void *at[TRACE_BUFFERS_MAX];
} HostBuffers;

/**
 * host_buffers_take: note a call, and what the host gets, into @op.
 * @copies: what there is no room for is left out
 */
void host_buffers_take(HostBuffers *buffers, TraceOp *op, HostCopies *copies, const HostCall *call);

/** host_buffers_answer: note what the host has made of it. */
void host_buffers_answer(const HostBuffers *buffers, TraceOp *op);
