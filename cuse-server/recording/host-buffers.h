/* SPDX-License-Identifier: Apache-2.0 */
/* Converts what an ioctl gives the host (its argument, and all memory that the driver reaches from there) into the
 * form of a recording. */
#pragma once

#include "cuse-server/proxy/host.h"
#include "cuse-server/recording/format/act.h"

/**
 * HostCopies: the private copies of guest memory, one for each range of the act.
 * @at: the copy; NULL if the range could not be read
 * @left: how many bytes the act may still have
 */
typedef struct {
    unsigned n;
    void *at[TRACE_RANGES_MAX];
    uint32_t size[TRACE_RANGES_MAX];
    size_t left;
} HostCopies;

/** HostBuffers: the addresses of an op's buffers. Valid during the call. */
typedef struct {
    unsigned n;
    void *at[TRACE_BUFFERS_MAX];
} HostBuffers;

/**
 * host_buffers_take: record a call, and what the host gets, in @op.
 * @copies: its @left is reduced by the size of each buffer; buffers that do not fit are left out
 */
void host_buffers_take(HostBuffers *buffers, TraceOp *op, HostCopies *copies, const HostCall *call);

/** host_buffers_answer: record in @op what the buffers hold after the call. */
void host_buffers_answer(const HostBuffers *buffers, TraceOp *op);
