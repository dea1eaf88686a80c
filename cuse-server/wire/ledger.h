/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the worker counts and the broker reads: one page of memory that both processes share.
 *
 * The worker has no file to write to and must not be slowed down: a call costs it a few additions in
 * this page, a refusal a record in a ring. The broker treats all of it as an attacker's: it copies
 * once, clamps what it copied, lets no counter go backwards, and takes neither index nor length nor
 * pointer from it. The page is a memory file whose size is sealed, so the worker cannot shrink it under
 * the broker.
 *
 * Writers are many, and serialise refusals themselves; the reader is one. A record's serial number is
 * set last, and found different by a reader who came too early or too late.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "cuse-server/wire/refusal.h"

/** CallKind: what is counted apart. */
typedef enum {
    CALL_OPEN = 0,
    CALL_FRONTEND, /* an ioctl on a GPU or the control device that is none of the next two */
    CALL_CONTROL,  /* NV_ESC_RM_CONTROL */
    CALL_ALLOC,    /* NV_ESC_RM_ALLOC */
    CALL_UVM,      /* an ioctl on nvidia-uvm */
    CALL_OTHER,    /* on any other device */
    CALL_KIND_COUNT,
} CallKind;

enum {
    LEDGER_BUCKETS = 9, /* of a histogram; the last one has no upper bound */
    LEDGER_DEVICE_MAX = 24,
    LEDGER_RECORDS = 40, /* refusals between two looks of the broker */
};

/** ledger_bucket_bounds: the upper bounds of the first LEDGER_BUCKETS - 1 buckets, in nanoseconds. */
extern const uint64_t ledger_bucket_bounds[LEDGER_BUCKETS - 1];

/** call_kind_name: for example "control". */
const char *call_kind_name(CallKind kind);

/** call_kind_parse: the kind that has this name; false if none has. */
bool call_kind_parse(const char *name, CallKind *kind);

/**
 * LedgerRecord: one refusal.
 * @serial: how many there had been, with this one; 0 in the ring: being written
 * @when: microseconds since 1970
 * @number, @detail: of the ioctl, and of the control command or class; 0: none
 * @error, @status: what the guest got: an errno, an NvStatus or CALL_NO_STATUS
 * @tid: the guest's thread, as the host numbers it
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
 * LedgerCounts: a copy of the numbers.
 * @calls: by kind, refused ones too; @refused: by reason, of which REFUSAL_NONE counts the others
 * @buckets, @nanoseconds: how long calls took, from the round in which all of the guest's memory was
 * there to the answer
 * @files, @clients, @objects: open now
 */
typedef struct {
    uint64_t calls[CALL_KIND_COUNT];
    uint64_t refused[REFUSAL_COUNT];
    uint64_t buckets[CALL_KIND_COUNT][LEDGER_BUCKETS];
    uint64_t nanoseconds[CALL_KIND_COUNT];
    uint32_t files;
    uint32_t clients;
    uint32_t objects;
} LedgerCounts;

typedef struct Ledger Ledger;

/**
 * ledger_new: make the page.
 * @fd: set to the memory file that it is, for ledger_map() in another process; the caller owns it
 * Returns: NULL with @error; then @fd may be -1.
 */
Ledger *ledger_new(int *fd, GError **error);

/** ledger_map: the page that another process has made; @fd is not needed afterwards. NULL with @error. */
Ledger *ledger_map(int fd, GError **error);

void ledger_free(Ledger *ledger);

/* --- the worker's side ------------------------------------------------------------------------ */

/** ledger_count: one call has ended. Safe from every thread. */
void ledger_count(Ledger *ledger, CallKind kind, Refusal refusal, uint64_t nanoseconds);

/** ledger_sizes: what is open now. */
void ledger_sizes(Ledger *ledger, uint32_t files, uint32_t clients, uint32_t objects);

/**
 * ledger_record: put a refusal into the ring; its serial is given here. One thread at a time.
 * Returns: true if the broker does not know yet that there is something to read.
 */
bool ledger_record(Ledger *ledger, const LedgerRecord *record);

/* --- the broker's side ------------------------------------------------------------------------ */

/** ledger_files: how many files the worker says that guests have now. */
uint32_t ledger_files(const Ledger *ledger);

/**
 * LedgerReader: where the broker is. Zero it but for @ledger.
 * @next: records taken or given up
 * @lost: records that were overwritten before they were read, or made no sense
 * @seen: the highest counts so far, of the worker that there is
 * @before: those of earlier workers, without what was open
 */
typedef struct {
    Ledger *ledger;
    uint64_t next;
    uint64_t lost;
    LedgerCounts seen;
    LedgerCounts before;
} LedgerReader;

/** ledger_read: the counts now. They never go backwards. */
void ledger_read(LedgerReader *reader, LedgerCounts *counts);

/** ledger_renew: nobody writes any more: a clean page for the next worker, whose counts go on from here. */
void ledger_renew(LedgerReader *reader);

/** ledger_rearm: from now on ledger_record() says again that there is something new; then read. */
void ledger_rearm(LedgerReader *reader);

/**
 * ledger_next: the next refusal. Call it LEDGER_RECORDS times at most before doing something else.
 * @record: a copy whose kind and refusal are valid and whose device is printable
 */
bool ledger_next(LedgerReader *reader, LedgerRecord *record);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ledger, ledger_free)
