/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Audit events: what happened to an instance, and every call that it refused, as typed records for
 * machines: in the journal, or as lines of JSON.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/** AuditType: what happened. Each has a message id of its own in the journal. */
typedef enum {
    AUDIT_STARTED,          /* the instance's devices exist and its worker is locked up */
    AUDIT_STOPPED,          /* it was told to end */
    AUDIT_WORKER_ENDED,     /* its worker ended by itself */
    AUDIT_WORKER_RESTARTED, /* and another took its place */
    AUDIT_ATTACHED,         /* a container brought a seccomp listener */
    AUDIT_REFUSED,          /* a call was not forwarded */
    AUDIT_DROPPED,          /* refusals that were left out since the last event */
    AUDIT_KILLED,           /* a process interfered with the agent in it, and was killed */
    AUDIT_NO_AGENT,         /* there could be no agent in a process, so its call failed */
    AUDIT_KEPT,             /* a guest was kept from a file that is not for it */
    AUDIT_TYPE_COUNT,
} AuditType;

/** AuditField: @key in lower case: "call"; the journal has it as NVCUSE_CALL. @value NULL: left out */
typedef struct {
    const char *key;
    const char *value;
} AuditField;

typedef struct Audit Audit;

/** audit_check: is this a place that audit_new() takes? */
bool audit_check(const char *where, GError **error);

/**
 * audit_new: open the place where events go.
 * @where: "journal", "none", "-" (standard error) or an absolute path, to which lines are appended;
 * "auto": the journal if there is one, @otherwise if not
 * @instance: for every event
 */
Audit *audit_new(const char *where, const char *otherwise, const char *instance, GError **error);

/**
 * audit_event: write an event. Those that a guest can cause at will are limited to a number each second,
 * after a burst; how many were left out is written with the next event.
 * @message: one line for people
 */
void audit_event(Audit *audit, AuditType type, const char *message, const AuditField *fields,
                 size_t n_fields);

/** audit_lose: so many events never came here; they count as dropped. */
void audit_lose(Audit *audit, uint64_t n);

/** audit_dropped: events that were not written, in all. */
uint64_t audit_dropped(const Audit *audit);

/** audit_free: write how many are missing, if any, and close. */
void audit_free(Audit *audit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Audit, audit_free)
