/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters and refusals that the worker writes and the broker reads: memory that both processes share.
 *
 * The worker has no file to write to, and counting must not slow it down: a call costs it a few additions in
 * this memory, a refusal costs a record in a ring.
 *
 * The broker treats all of it as an attacker's. It copies each value once and then clamps the copy. It lets no counter
 * go backwards. It takes no index, length or pointer from it. It is a memory file whose size is sealed, so the
 * worker cannot shrink it under the broker.
 *
 * There are many writers, which serialise refusals themselves, and one reader. A writer sets a record's serial number last.
 * A reader that comes too early or too late sees another serial number than it expects.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "cuse-server/wire/quota/memory-use.h"
#include "cuse-server/wire/refusal.h"

/** CallKind: the kinds of calls that have counters of their own. */
typedef enum {
    CALL_OPEN = 0,
    CALL_FRONTEND, /* an ioctl on a GPU or the control device, other than the next two */
    CALL_CONTROL,  /* NV_ESC_RM_CONTROL */
    CALL_ALLOC,    /* NV_ESC_RM_ALLOC */
    CALL_UVM,      /* an ioctl on nvidia-uvm */
    CALL_OTHER,    /* a call on any other device */
    CALL_KIND_COUNT,
} CallKind;

enum {
    LEDGER_BUCKETS = 9, /* in a histogram; the last bucket has no upper bound */
    LEDGER_DEVICE_MAX = 24,
    LEDGER_RECORDS = 40, /* size of the ring: refusals that fit between two reads by the broker */
};

/** ledger_bucket_bounds: the upper bounds of the first LEDGER_BUCKETS - 1 buckets, in nanoseconds. */
extern const uint64_t ledger_bucket_bounds[LEDGER_BUCKETS - 1];

/** call_kind_name: the name of a kind, for example "control". */
const char *call_kind_name(CallKind kind);

/** call_kind_parse: find the kind with this name. Returns false if there is no such kind. */
bool call_kind_parse(const char *name, CallKind *kind);

/**
 * LedgerRecord: one refusal.
 * @serial: the number of this refusal, counted from 1; 0 in the ring: the record is being written
 * @when: microseconds since 1970
 * @number: the ioctl's number; 0: none
 * @detail: the control command or class; 0: none
 * @error, @status: what the guest got: an errno, and an NvStatus or CALL_NO_STATUS
 * @tid: the guest's thread, in the host's numbering
 * @device: the node's name
 */
typedef struct {
    uint64_t serial;
    int64_t when;
    uint32_t number;
    uint32_t detail;
    int32_t error;
    uint32_t status;
    int32_t tid;
    uint16_t kind;
    uint16_t refusal;
    char device[LEDGER_DEVICE_MAX];
} LedgerRecord;

/**
 * LedgerCounts: a copy of the counters.
 * @calls: by kind, including refused calls
 * @refused: by reason; the counter of REFUSAL_NONE holds the calls that were not refused
 * @buckets, @nanoseconds: how long calls took, from the round in which all of the guest's memory was
 * there to the answer
 * @files, @clients, @objects: open now
 * @quotas: the QuotaPage.changes that the worker has acted on
 * @memory: what guests hold now, and the most that they have held
 * @gpu_time: for how many nanoseconds guests have computed on each of the instance's GPUs
 * @gpu_time_read: when these were read last, in microseconds of the monotonic clock; 0: never
 */
typedef struct {
    uint64_t calls[CALL_KIND_COUNT];
    uint64_t refused[REFUSAL_COUNT];
    uint64_t buckets[CALL_KIND_COUNT][LEDGER_BUCKETS];
    uint64_t nanoseconds[CALL_KIND_COUNT];
    uint32_t files;
    uint32_t clients;
    uint32_t objects;
    uint32_t quotas;
    InstanceUse memory;
    uint64_t gpu_time[QUOTA_GPUS_MAX];
    int64_t gpu_time_read;
} LedgerCounts;

typedef struct Ledger Ledger;

/**
 * ledger_new: create the page.
 * @fd: set to the page's memory file, for ledger_map() in another process; the caller owns it
 * Returns: NULL with @error; then @fd may be -1.
 */
Ledger *ledger_new(int *fd, GError **error);

/** ledger_map: map the page that another process has created. The caller may close @fd afterwards. Returns NULL with @error
 * on failure. */
Ledger *ledger_map(int fd, GError **error);

void ledger_free(Ledger *ledger);

/* --- the worker's side ------------------------------------------------------------------------ */

/** ledger_count: count one call that has ended. Any thread may call this. */
void ledger_count(Ledger *ledger, CallKind kind, Refusal refusal, uint64_t nanoseconds);

/** ledger_sizes: set the numbers of files, clients and objects that are open now. */
void ledger_sizes(Ledger *ledger, uint32_t files, uint32_t clients, uint32_t objects);

/** ledger_memory: set how much memory guests hold. @by_gpu: also set what is told apart by GPU; else it stays 0 */
void ledger_memory(Ledger *ledger, const InstanceUse *use, bool by_gpu);

/** ledger_time: set for how long guests have computed on a GPU. */
void ledger_time(Ledger *ledger, uint32_t gpu, uint64_t nanoseconds);

/** ledger_quotas: set the QuotaPage.changes that the worker has acted on. */
void ledger_quotas(Ledger *ledger, uint32_t changes);

/**
 * ledger_record: put a refusal into the ring, and give it its serial number. Only one thread at a time may call this.
 * Returns: true if the caller has to tell the broker that there is something to read.
 */
bool ledger_record(Ledger *ledger, const LedgerRecord *record);

/* --- the broker's side ------------------------------------------------------------------------ */

/** ledger_files: the number of files that guests have open now, according to the worker. */
uint32_t ledger_files(const Ledger *ledger);

/**
 * LedgerReader: the broker's position in the ring. Zero it except for @ledger.
 * @next: records that were read or given up
 * @lost: records that were overwritten before they were read, or that were invalid
 * @seen: the highest counts so far of the present worker
 * @before: counts of earlier workers, without what was open or held
 */
typedef struct {
    Ledger *ledger;
    uint64_t next;
    uint64_t lost;
    LedgerCounts seen;
    LedgerCounts before;
} LedgerReader;

/** ledger_read: read the present counts. They never go backwards. */
void ledger_read(LedgerReader *reader, LedgerCounts *counts);

/** ledger_renew: clear the page for the next worker. The old worker must have ended. The counts go on from their present
 * values. */
void ledger_renew(LedgerReader *reader);

/** ledger_rearm: make ledger_record() announce the next refusal again. Call this first, then read. */
void ledger_rearm(LedgerReader *reader);

/**
 * ledger_next: take the next refusal. Call it at most LEDGER_RECORDS times before doing something else.
 * @record: set to a copy whose kind and refusal are valid and whose device is printable
 * Returns: false if there is no new refusal.
 */
bool ledger_next(LedgerReader *reader, LedgerRecord *record);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ledger, ledger_free)
