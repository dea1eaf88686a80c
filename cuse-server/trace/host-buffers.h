/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an ioctl gives the host: its argument, and all that is reached from there. Pointers are found by
 * their values: the addresses of the private copies of guest memory; and, in the frontend's own structs,
 * by their place.
 */
#pragma once

#include "cuse-server/trace/act.h"
#include "version-tree/driver-abi.h"

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
 * host_buffers_take: note what the host gets, into @op, whose command is set.
 * @argument: of the ioctl, or NULL
 * @size: of it; 0: as long as the driver's tables say
 * @copies: what there is no room for is left out
 */
void host_buffers_take(HostBuffers *buffers, TraceOp *op, const DriverAbi *abi, HostCopies *copies,
                       void *argument, size_t size);

/** host_buffers_answer: note what the host has made of it. */
void host_buffers_answer(const HostBuffers *buffers, TraceOp *op);
