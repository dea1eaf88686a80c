/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ioctl, as a transport hands it over, and what the pipeline does with it (pipeline.h). Everything before guest_commit() may run
 * several times; everything after it runs once.
 *
 * What the guest has in its parameters and the host must not see as it is (descriptors, pointers,
 * handles of others) is swapped: the host's value takes its place in the private copy, and the
 * guest's is put back as soon as the host has answered or the call is refused. So nothing of ours
 * is ever written back, whichever way a call ends.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cuse-server/observe/call-log.h"
#include "cuse-server/proxy/call/guest-memory.h"
#include "cuse-server/proxy/objects/nv-file.h"
#include "cuse-server/proxy/objects/object-tree.h"
#include "version-tree/driver-abi.h"

typedef struct Proxy Proxy;

/** RequestResult: what a transport does next with a request. */
typedef enum {
    REQUEST_DONE,  /* answer it: error, or the first write_back ranges */
    REQUEST_RETRY, /* bring the ranges asked for, then run it again from the top */
} RequestResult;

/* The most swaps of one call. */
enum { SWAPS_MAX = 12 };

/** Swap: bytes of a private copy that are the host's for the moment. */
typedef struct {
    void *at;
    size_t size;
    union {
        uint64_t word;
        void *bytes; /* size > sizeof word */
    } guest;
    NvFile *file; /* kept open meanwhile, or NULL */
} Swap;

/**
 * Request: one ioctl.
 * @proxy, @file, @command, @argument, @tid, @uid, @memory: filled in by the transport. @file is
 * referenced for as long as the request lives; @tid names the calling thread to Host.identify(), @uid by whose rights it calls.
 * @committed: guest_commit() said yes
 * @error: errno for the guest; 0: success
 * @write_back: how many GUEST_OUT ranges are written back, in the order they were asked for
 * @swaps: what is the host's for the moment
 * @process: whose call it is; see request_process()
 * @event: for the table of calls
 * @started: for the transport: when its last round began, in nanoseconds of its own clock
 */
typedef struct {
    Proxy *proxy;
    NvFile *file;
    uint32_t command;
    uint64_t argument;
    pid_t tid;
    uint32_t uid;
    GuestMemory *memory;

    bool committed;
    int error;
    unsigned write_back;
    Swap swaps[SWAPS_MAX];
    unsigned n_swaps;
    GuestProcess process;
    CallEvent event;
    uint64_t started;
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
 * guest_commit: ask whether everything asked for is here. If not, REQUEST_RETRY is returned at once. If so, what was mapped may be
 * looked at and acted upon.
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
 * request_swap: put the host's value in place of the guest's until the host has answered.
 * @at: in a private copy; @size bytes
 */
void request_swap(Request *req, void *at, const void *host, size_t size);

/** request_swap_pointer: the same with the address of a private buffer, or NULL. */
void request_swap_pointer(Request *req, NvP64 *at, const void *host);

/**
 * request_swap_fd: the same with a descriptor, whose file is kept open meanwhile.
 * @at: where it is: @size is 4, or 8, of which the low half counts and the upper becomes zero
 * @kind: what it has to be
 *
 * Returns: the file, which lives until the host has answered; or NULL with nothing swapped: closed,
 * foreign or the wrong kind.
 */
NvFile *request_swap_fd(Request *req, void *at, size_t size, DeviceKind kind);

/** request_restore: put back what was swapped. The functions that end a call do it by themselves. */
void request_restore(Request *req);

/**
 * request_process: which process of the guest calls. Asks the host once.
 * Returns: NULL if it is no more.
 */
const GuestProcess *request_process(Request *req);
