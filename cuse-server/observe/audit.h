/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes audit events: what happened to an instance, and every call that it refused. They are typed records for
 * machines, in the journal or as lines of JSON.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/** AuditType: what happened. Each type has its own message id in the journal. */
typedef enum {
    AUDIT_STARTED,        /* the instance's devices exist and its worker is locked up */
    AUDIT_STOPPED,        /* the instance was told to end */
    AUDIT_WORKER_ENDED,   /* the worker ended by itself */
    AUDIT_DRIVER_CHANGED, /* the host's driver is no longer the one that the instance started with */
    AUDIT_WORKER_RESTARTED, /* a new worker took the place of one that had ended */
    AUDIT_LIMITS_CHANGED,   /* root has changed the instance's quotas */
    AUDIT_ATTACHED,         /* a container brought a seccomp listener */
    AUDIT_REFUSED,          /* a call was not forwarded */
    AUDIT_DROPPED,          /* events were left out since the last event */
    AUDIT_KILLED,           /* a guest's process interfered with the agent in it, and was killed */
    AUDIT_NO_AGENT,         /* a process could not get an agent, so its call failed */
    AUDIT_KEPT,             /* a guest was kept from a file that it may not have */
    AUDIT_TYPE_COUNT,
} AuditType;

/** AuditField: @key: in lower case, "call"; the journal has it as NVCUSE_CALL. @value: NULL: the field is left out */
typedef struct {
    const char *key;
    const char *value;
} AuditField;

typedef struct Audit Audit;

/** audit_check: check whether audit_new() accepts this place. */
bool audit_check(const char *where, GError **error);

/**
 * audit_new: open the place where events go.
 * @where: "journal", "none", "-" (standard error) or an absolute path of a file to which lines are appended.
 *     "auto": the journal if there is one, else @otherwise
 * @instance: name of the instance, for every event
 */
Audit *audit_new(const char *where, const char *otherwise, const char *instance, GError **error);

/**
 * audit_event: write an event. Events that a guest can cause at will are limited to a burst, and then to a number
 * each second. The number of events that were left out is written before the next event.
 * @message: one line for people
 */
void audit_event(Audit *audit, AuditType type, const char *message, const AuditField *fields,
                 size_t n_fields);

/** audit_lose: count @n events as dropped that never came to audit_event(). */
void audit_lose(Audit *audit, uint64_t n);

/** audit_dropped: get the total number of events that were not written. */
uint64_t audit_dropped(const Audit *audit);

/** audit_free: write how many events are missing, if any, and close. */
void audit_free(Audit *audit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Audit, audit_free)
