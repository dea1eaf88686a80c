/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Request: one ioctl, as a transport passes it to the pipeline (pipeline.h). Everything before guest_commit() may run
 * several times; everything after it runs once.
 *
 * Swaps replace values in the guest's parameters that the host must not get as they are (descriptors, pointers, handles of
 * others). The host's value takes the place of the guest's value in the private copy. The guest's value is put back as soon as
 * the host has answered or the call is refused. So the host's values are never written back to the guest, however a call ends.
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
    REQUEST_RETRY, /* fetch the ranges asked for, then run it again from the top */
} RequestResult;

/* The most swaps in one call. */
enum { SWAPS_MAX = 12 };

/** Swap: bytes in a private copy that contain the host's value for now. @at: the bytes; @guest: the guest's value. */
typedef struct {
    void *at;
    size_t size;
    union {
        uint64_t word;
        void *bytes; /* size > sizeof word */
    } guest;
    NvFile *file; /* kept open until the value is restored, or NULL */
} Swap;

/**
 * Request: one ioctl.
 * @proxy, @file, @command, @argument, @tid, @uid, @memory: filled in by the transport. The transport holds a reference to
 * @file for as long as the request exists. @tid names the calling thread to HostOps.identify(). @uid is the user with whose
 * rights the thread calls.
 * @committed: guest_commit() has returned true
 * @error: errno for the guest; 0: success
 * @write_back: how many GUEST_OUT ranges are written back, in the order in which they were asked for
 * @swaps: the swaps that have not been restored
 * @process: the process that calls; see request_process()
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

/** guest_map: get the private copy of a range of guest memory. Returns NULL if the transport has to fetch it first; see
 * GuestMemoryOps. */
static inline void *guest_map(Request *req, uint64_t addr, size_t len, GuestAccess access)
{
    return req->memory->ops->map(req->memory, addr, len, access);
}

/**
 * guest_commit: check whether all ranges asked for are here. If it returns false, the caller returns REQUEST_RETRY at once. If it
 * returns true, the caller may look at the copies and act upon them.
 */
static inline bool guest_commit(Request *req)
{
    req->committed = req->memory->ops->commit(req->memory);
    return req->committed;
}

/** request_refuse: answer with an errno, and write nothing back. Does not ask the host. */
RequestResult request_refuse(Request *req, int error, Refusal refusal);

/**
 * request_refuse_status: answer with success and an NvStatus. Writes back only the first GUEST_OUT range. Does not ask the
 * host.
 * @status_field: where the status goes; in the first GUEST_OUT range
 */
RequestResult request_refuse_status(Request *req, NvU32 *status_field, NvU32 status,
                                    Refusal refusal);

/**
 * request_swap: replace the guest's value by the host's until the host has answered.
 * @at: the guest's value, in a private copy; @size bytes
 * @host: the host's value; @size bytes
 */
void request_swap(Request *req, void *at, const void *host, size_t size);

/** request_swap_pointer: the same with the address of a private buffer, or NULL. */
void request_swap_pointer(Request *req, NvP64 *at, const void *host);

/**
 * request_swap_fd: the same with a descriptor. Keeps its file open until the host has answered.
 * @at: the guest's descriptor. @size is 4 or 8; with 8, the low half is the descriptor, and the upper half becomes zero
 * @kind: the kind of device that the file must be of
 *
 * Returns: (transfer none): the file, valid until the host has answered. NULL, with nothing swapped, if the descriptor is
 * closed, is not a file of this instance, or is of the wrong kind.
 */
NvFile *request_swap_fd(Request *req, void *at, size_t size, DeviceKind kind);

/** request_restore: put back the guest's values. The functions that end a call do this by themselves. */
void request_restore(Request *req);

/**
 * request_process: find the guest's process that calls. Asks the host only once.
 * Returns: the process, or NULL if it has ended.
 */
const GuestProcess *request_process(Request *req);
