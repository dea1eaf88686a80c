/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/observe/incidents.h"

#include <string.h>
#include <sys/eventfd.h>

/* #syscalls:broker write */

struct Incidents {
    int notices;
    GMutex lock; /* guards what follows */
    Incident remembered[INCIDENTS_MAX];
    unsigned first;
    unsigned n;
    uint64_t counts[INCIDENT_KIND_COUNT];
    uint64_t forgotten;
};

static const struct {
    const char *name;
    AuditType event;
    const char *explanation;
} kinds[INCIDENT_KIND_COUNT] = {
    [INCIDENT_OTHER_CODE] =
        {"other-code", AUDIT_KILLED,
         "was killed: it overwrote the code by which nvcuse's agent in it makes system calls, or "
         "their parameters, so the agent would have made other calls"},
    [INCIDENT_ASTRAY] =
        {"astray", AUDIT_KILLED,
         "was killed: it overwrote the code by which nvcuse's agent in it makes system calls, so "
         "the agent made no more calls"},
    [INCIDENT_CAPABILITIES] = {"capabilities", AUDIT_NO_AGENT,
                               "could not map device memory (EPERM): nvcuse's agent in it could "
                               "not drop its capabilities, because the program's own seccomp "
                               "filter forbids capset() or another thread disturbed the call"},
    [INCIDENT_TRACED] =
        {"traced", AUDIT_NO_AGENT,
         "could not map device memory (EBUSY): a debugger, strace or another program traces it, so "
         "nvcuse cannot; run it untraced"},
    [INCIDENT_AGENT_FILE] =
        {"agent-file", AUDIT_KEPT,
         "was refused (EBADF) a file of nvcuse's agent, which it asked for by pidfd_getfd(): no "
         "ordinary program does this, so find out which one it is"},
    [INCIDENT_WRONG_FILE] =
        {"wrong-file", AUDIT_KEPT,
         "could not map device memory (EIO): the worker sent a wrong file, as only a compromised "
         "worker does: stop the instance, and find out which program compromised it"},
};

Incidents *incidents_new(int notices)
{
    Incidents *incidents = g_new0(Incidents, 1);

    incidents->notices = notices;
    g_mutex_init(&incidents->lock);
    return incidents;
}

void incidents_free(Incidents *incidents)
{
    g_mutex_clear(&incidents->lock);
    g_free(incidents);
}

void incidents_report(Incidents *incidents, IncidentKind kind, pid_t process)
{
    g_mutex_lock(&incidents->lock);
    incidents->counts[kind]++;
    if (incidents->n < INCIDENTS_MAX) {
        incidents->remembered[(incidents->first + incidents->n++) % INCIDENTS_MAX] =
            (Incident){kind, process};
    } else {
        incidents->forgotten++;
    }
    g_mutex_unlock(&incidents->lock);
    if (incidents->notices >= 0) {
        eventfd_write(incidents->notices, 1);
    }
}

bool incidents_next(Incidents *incidents, Incident *incident)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&incidents->lock);

    if (incidents->n == 0) {
        return false;
    }
    *incident = incidents->remembered[incidents->first];
    incidents->first = (incidents->first + 1) % INCIDENTS_MAX;
    incidents->n--;
    return true;
}

uint64_t incidents_count(Incidents *incidents, uint64_t counts[INCIDENT_KIND_COUNT])
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&incidents->lock);

    memcpy(counts, incidents->counts, sizeof incidents->counts);
    return incidents->forgotten;
}

const char *incident_name(IncidentKind kind)
{
    g_return_val_if_fail((unsigned)kind < INCIDENT_KIND_COUNT, "?");
    return kinds[kind].name;
}

bool incident_parse(const char *name, IncidentKind *kind)
{
    for (int k = 0; k < INCIDENT_KIND_COUNT; k++) {
        if (strcmp(kinds[k].name, name) == 0) {
            *kind = (IncidentKind)k;
            return true;
        }
    }
    return false;
}

AuditType incident_event(IncidentKind kind)
{
    return kinds[kind].event;
}

const char *incident_explanation(IncidentKind kind)
{
    g_return_val_if_fail((unsigned)kind < INCIDENT_KIND_COUNT, "?");
    return kinds[kind].explanation;
}
