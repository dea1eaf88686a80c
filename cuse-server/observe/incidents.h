/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Incidents: what went wrong between the broker and a guest's process in which the broker keeps an agent
 * (broker/agents/agents.c). The broker's threads report incidents, and its main loop reads them. Every incident is
 * counted. As long as there is room, it is also remembered until it is read.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <glib.h>

#include "cuse-server/observe/audit.h"

/** IncidentKind: what happened. Add new kinds at the end. */
typedef enum {
    INCIDENT_OTHER_CODE,   /* the process changed the agent's code, or its calls' parameters */
    INCIDENT_ASTRAY,       /* the process changed the agent's code: the agent did not return */
    INCIDENT_CAPABILITIES, /* the agent could not give up its capabilities */
    INCIDENT_TRACED,       /* no agent could be made: another program traces the process */
    INCIDENT_AGENT_FILE,   /* the process tried to take a file from an agent's descriptor table */
    INCIDENT_WRONG_FILE,   /* the worker sent a file to map that does not belong to the device */
    INCIDENT_KIND_COUNT,
} IncidentKind;

/** Incident: @process: its number in the broker's PID namespace */
typedef struct {
    IncidentKind kind;
    pid_t process;
} Incident;

enum { INCIDENTS_MAX = 64 }; /* how many are remembered: a guest can cause any number */

typedef struct Incidents Incidents;

/** incidents_new: make an empty list. @notices: an eventfd that is written when there is an incident to read, or -1 */
Incidents *incidents_new(int notices);
void incidents_free(Incidents *incidents);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Incidents, incidents_free)

/** incidents_report: report that an incident has just happened. Safe from every thread; never waits. */
void incidents_report(Incidents *incidents, IncidentKind kind, pid_t process);

/** incidents_next: read the oldest incident that has not been read. Returns false if there is none. */
bool incidents_next(Incidents *incidents, Incident *incident);

/**
 * incidents_count: get how many incidents there have been, by kind.
 * Returns: how many of them were not remembered because there was no room
 */
uint64_t incidents_count(Incidents *incidents, uint64_t counts[INCIDENT_KIND_COUNT]);

/** incident_name: name a kind in one hyphenated word. */
const char *incident_name(IncidentKind kind);

/** incident_parse: find the kind of this name. Returns false if there is none. */
bool incident_parse(const char *name, IncidentKind *kind);

/** incident_event: get the type of audit event for a kind. AUDIT_KILLED: the process was killed. Other types: its call
 * failed. */
AuditType incident_event(IncidentKind kind);

/** incident_explanation: explain what happened and what an operator can do. The text is the rest of a sentence that
 * begins with "a process ". */
const char *incident_explanation(IncidentKind kind);
