/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ioctl on its way through a handler, and what handlers do with it.
 *
 * A handler reads like the call it stands for:
 *
 *     NVOS00_PARAMETERS *p = guest_map(req, req->argument, sizeof *p, GUEST_INOUT);
 *     if (!guest_commit(req)) {
 *         return REQUEST_RETRY;
 *     }
 *     ...translate, call the host, restore, track...
 *
 * Everything before guest_commit() may run several times; everything after it runs once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cuse-server/observe/call-log.h"
#include "cuse-server/proxy/guest-memory.h"
#include "cuse-server/proxy/nv-file.h"
#include "version-tree/driver-abi.h"

typedef struct Proxy Proxy;

/** RequestResult: what a transport does next with a request. */
typedef enum {
    REQUEST_DONE,  /* answer it: error, or the first write_back ranges */
    REQUEST_RETRY, /* bring the ranges asked for, then run it again from the top */
} RequestResult;

/**
 * Request: one ioctl.
 * @proxy, @file, @command, @argument, @tid, @memory: filled in by the transport. @file is
 * referenced for as long as the request lives; @tid names the calling thread to Host.identify().
 * @committed: guest_commit() said yes
 * @error: errno for the guest; 0: success
 * @write_back: how many GUEST_OUT ranges are written back, in the order they were asked for
 * @event: for the table of calls
 */
typedef struct {
    Proxy *proxy;
    NvFile *file;
    uint32_t command;
    uint64_t argument;
    pid_t tid;
    GuestMemory *memory;

    bool committed;
    int error;
    unsigned write_back;
    CallEvent event;
} Request;

/** WRITE_BACK_ALL: all GUEST_OUT ranges. */
#define WRITE_BACK_ALL UINT_MAX

/** guest_map: the private copy of a range of guest memory, or NULL: not here yet; see
 * GuestMemoryOps. */
static inline void *guest_map(Request *req, uint64_t addr, size_t len, GuestAccess access)
{
    return req->memory->ops->map(req->memory, addr, len, access);
}

/**
 * guest_commit: ask whether everything asked for is here. If not, the handler returns REQUEST_RETRY
 * at once. If so, it may look at what it mapped and act.
 */
static inline bool guest_commit(Request *req)
{
    req->committed = req->memory->ops->commit(req->memory);
    return req->committed;
}

/** request_refuse: answer with an errno, nothing written back, the host not asked. */
RequestResult request_refuse(Request *req, int error, Refusal refusal);

/**
 * request_refuse_status: answer with success and an NvStatus; only the first GUEST_OUT range, the
 * one
 * @status_field is in, is written back. The host is not asked.
 */
RequestResult request_refuse_status(Request *req, NvU32 *status_field, NvU32 status,
                                    Refusal refusal);

/**
 * request_host_ioctl: make the call on the request's own host file.
 * @argument: a private struct, a plain value or NULL
 *
 * Returns: true if the host took the call (its NvStatus may still be bad); false if it failed: the
 * request then carries the errno, and nothing is written back.
 */
bool request_host_ioctl(Request *req, uint32_t command, void *argument);

/**
 * request_host_struct: the same with a parameter struct, whose NvStatus, if it has one, goes into the
 * table of calls.
 */
bool request_host_struct(Request *req, uint32_t command, const AbiLayout *layout, void *params);

/**
 * request_pass_struct: a whole handler: the request's argument is a struct that goes in and out as it
 * is, without pointers or descriptors that mean anything to the host.
 */
RequestResult request_pass_struct(Request *req, uint32_t command, const AbiLayout *layout);

/**
 * request_file: the open file that a descriptor in the parameters stands for.
 * @guest_fd: in the caller's descriptor table
 * @kind: what it has to be
 *
 * Returns: a reference that the caller owns, or NULL: closed, foreign or the wrong kind.
 */
NvFile *request_file(Request *req, int guest_fd, DeviceKind kind);
