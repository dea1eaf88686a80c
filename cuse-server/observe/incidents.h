/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What went wrong between the broker and a guest's process, in which it keeps an agent (broker/agents/agents.c):
 * reported by the broker's threads, read by its main loop. Counted always; remembered until it is read,
 * as far as there is room.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <glib.h>

#include "cuse-server/observe/audit.h"

/** IncidentKind: what happened. Add at the end. */
typedef enum {
    INCIDENT_OTHER_CODE,   /* the agent was given other code than it was made to use */
    INCIDENT_ASTRAY,       /* the agent did not come back from it */
    INCIDENT_CAPABILITIES, /* an agent could not give up its capabilities */
    INCIDENT_TRACED,       /* there could be no agent: another program traces the process */
    INCIDENT_AGENT_FILE,   /* it tried to take a file out of an agent's descriptor table */
    INCIDENT_WRONG_FILE,   /* the worker sent another file for it to map than the driver's */
    INCIDENT_KIND_COUNT,
} IncidentKind;

/** Incident: @process: in the broker's pid namespace */
typedef struct {
    IncidentKind kind;
    pid_t process;
} Incident;

enum { INCIDENTS_MAX = 64 }; /* that are remembered: a guest can cause any number */

typedef struct Incidents Incidents;

/** incidents_new: @notices: an eventfd that is written to when there is something to read, or -1 */
Incidents *incidents_new(int notices);
void incidents_free(Incidents *incidents);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Incidents, incidents_free)

/** incidents_report: it happened, now. Safe from every thread; waits for nobody. */
void incidents_report(Incidents *incidents, IncidentKind kind, pid_t process);

/** incidents_next: the oldest that has not been read; false: there is none. */
bool incidents_next(Incidents *incidents, Incident *incident);

/**
 * incidents_count: how many there have been, by kind.
 * Returns: how many of them were forgotten, for want of room, before they were read
 */
uint64_t incidents_count(Incidents *incidents, uint64_t counts[INCIDENT_KIND_COUNT]);

/** incident_name: one hyphenated word. */
const char *incident_name(IncidentKind kind);

/** incident_parse: the kind that has this name; false if none has. */
bool incident_parse(const char *name, IncidentKind *kind);

/** incident_event: as what it is reported: AUDIT_KILLED: the process was killed for it. If not, its call failed. */
AuditType incident_event(IncidentKind kind);

/** incident_explanation: what happened, and what an operator can do: the rest of a sentence that begins
 * with "a process ". */
const char *incident_explanation(IncidentKind kind);
