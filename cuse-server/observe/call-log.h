/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest asked, what became of it. Every call is counted in the ledger, refusals are recorded
 * there for the broker to read, and where a table of calls is wanted there is one row per finished
 * call, written as it ends, so that a table of a run that was cut short is complete up to that point.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "cuse-server/wire/ledger.h"
#include "cuse-server/wire/refusal.h"

/** CALL_NO_STATUS: the call carries no NvStatus (its parameter struct has no such field). */
#define CALL_NO_STATUS UINT32_MAX

/**
 * CallEvent: one finished open, ioctl or close. Strings are static or outlive the call.
 * @kind: as far as the device tells it: CALL_FRONTEND stands for CALL_CONTROL and CALL_ALLOC too
 * @device: the node, for example "nvidiactl"
 * @call: "open", or the ioctl's name; NULL: not in the table
 * @number: the ioctl's number as its table has it, shown where there is no name
 * @detail: control command or class name; NULL: none, or not in the table
 * @detail_number: its number; 0 with @detail NULL: there is none
 * @refusal: REFUSAL_NONE if the host was asked
 * @error: errno the guest got; 0: success
 * @status: NvStatus the guest got, or CALL_NO_STATUS
 * @tid: the guest's thread, as CUSE names it
 * @nanoseconds: how long it took, from its parameters being there
 */
typedef struct {
    CallKind kind;
    const char *device;
    const char *call;
    uint32_t number;
    const char *detail;
    uint32_t detail_number;
    Refusal refusal;
    int error;
    uint32_t status;
    int32_t tid;
    uint64_t nanoseconds;
} CallEvent;

typedef struct CallLog CallLog;

/**
 * call_log_new: start counting calls, and writing them if there is somewhere to write.
 * @fd: where rows go (any file; the log owns it from now on), or -1 to count only
 * @ledger: where they are counted; outlives the log
 */
CallLog *call_log_new(int fd, Ledger *ledger);

/** call_log_watch: call @func, in any thread, when there are refusals that nobody has been told of. */
void call_log_watch(CallLog *log, void (*func)(gpointer data), gpointer data);

/** call_log_free: close and free; no thread may use it any more. */
void call_log_free(CallLog *log);

/** call_log_finish: write the summary as a last row. */
void call_log_finish(CallLog *log);

/** call_log_add: count a call and write its row. Safe from every thread. */
void call_log_add(CallLog *log, const CallEvent *event);

/** call_log_sizes: what guests have open now. */
void call_log_sizes(CallLog *log, unsigned files, unsigned clients, unsigned objects);

/** call_log_summary: "21 calls, 20 forwarded, 1 refused (wrong-size 1)". The caller frees it. */
char *call_log_summary(CallLog *log);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CallLog, call_log_free)
