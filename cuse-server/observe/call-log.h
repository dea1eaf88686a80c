/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs the calls of guests and their results. Every call is counted in the ledger. Every refusal is also recorded
 * there, for the broker to read. If a table of calls is wanted, each call gets one row, which is written when the
 * call ends. So the table of a run that was cut short is complete up to that point.
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
 * @kind: as far as the device determines it: CALL_FRONTEND stands for CALL_CONTROL and CALL_ALLOC too
 * @device: the node, for example "nvidiactl"
 * @call: "open", or the ioctl's name; NULL: the ioctl is not in the table
 * @number: the ioctl's number as its table has it; shown if there is no name
 * @detail: name of the control command or class; NULL: there is none, or it is not in the table
 * @detail_number: number of the control command or class; 0 with @detail NULL: there is none
 * @refusal: REFUSAL_NONE if the host was asked
 * @error: errno that the guest got; 0: success
 * @status: NvStatus that the guest got, or CALL_NO_STATUS
 * @tid: number of the guest's thread, as CUSE reports it
 * @nanoseconds: how long the call took after its parameters had arrived
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
 * call_log_new: start to count calls, and to write rows if there is a file for them.
 * @fd: any file for the rows (transfer full), or -1 to count only
 * @ledger: where calls are counted; outlives the log
 */
CallLog *call_log_new(int fd, Ledger *ledger);

/** call_log_watch: set a function to call, in any thread, when there are new refusals for the broker. */
void call_log_watch(CallLog *log, void (*func)(gpointer data), gpointer data);

/** call_log_free: close and free the log. No thread may use it any more. */
void call_log_free(CallLog *log);

/** call_log_finish: write the summary as a last row. */
void call_log_finish(CallLog *log);

/** call_log_add: count a call and write its row. Safe from every thread. */
void call_log_add(CallLog *log, const CallEvent *event);

/** call_log_sizes: store in the ledger how many files, clients and objects guests have now. */
void call_log_sizes(CallLog *log, unsigned files, unsigned clients, unsigned objects);

/** call_log_memory: store in the ledger how much memory guests hold now; see ledger_memory(). */
void call_log_memory(CallLog *log, const InstanceUse *use, bool by_gpu);

/** call_log_summary: summarize the counts: "21 calls, 20 forwarded, 1 refused (wrong-size 1)". The caller frees it. */
char *call_log_summary(CallLog *log);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CallLog, call_log_free)
