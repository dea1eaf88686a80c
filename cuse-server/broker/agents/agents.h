/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agents: threads of ours in guests' processes, which do there what must be done in a guest's address
 * space, on host files that the guest never has. One for each process that opens a device, for as long as it lives: it
 * also has the broker told before the process is another program. How they live: agents.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/seccomp.h>

#include "cuse-server/broker/identity/guest-members.h"
#include "cuse-server/observe/incidents.h"

typedef struct Agents Agents;

/** AgentHold: an agent that is being kept for a call that may need it. */
typedef struct Agent AgentHold;

enum { AGENT_PARAMS_MAX = 256 };

/*
 * A bit of mmap()'s flags with which the guests' filter does not ask us: set where an agent maps what was
 * decided before. It belongs to the size of huge pages, so that the kernel does not look at it without
 * MAP_HUGETLB; one in the upper half makes profiles that libseccomp refuses to merge. Whoever else sets it is
 * not asked about either, and gets what the kernel says: of our files, that they cannot be mapped.
 */
#define AGENT_MAP_MARK (UINT64_C(1) << 31)

/**
 * AgentIoctl: an ioctl() that an agent is to make.
 * @host_fd: what on; borrowed
 * @params, @size: its argument, at most AGENT_PARAMS_MAX bytes; written back
 */
typedef struct {
    int host_fd;
    uint32_t command;
    void *params;
    size_t size;
} AgentIoctl;

/**
 * AgentsTakeBack: have memory that was lent under a number taken back, and wait until it is. Called by an agent's
 * tracer; the agent's process cannot end, nor execute anything, before it returns.
 */
typedef void (*AgentsTakeBack)(uint64_t lending, gpointer data);

/**
 * agents_new: @members: the only ones that are ever traced; @incidents: where it is reported what goes wrong
 *     with them. Both outlive the agents, as does @data, with which @take_back is called.
 */
Agents *agents_new(GuestMembers *members, Incidents *incidents, AgentsTakeBack take_back,
                   gpointer data);

/**
 * agents_stop: no call is taken any more; every agent ends. The listeners that they came from must
 * still be served. Waits for them, and kills guests whose agent does not end.
 *
 * Returns: false with @error if one does not end even then, which a FUSE file system of a guest's own can bring about:
 * threads of ours use @agents still.
 */
bool agents_stop(Agents *agents, GError **error);

/** agents_free: after agents_stop(), when nobody calls any more. */
void agents_free(Agents *agents);

/**
 * agents_notified: is this notification an agent's own? Then it has been dealt with. Waits for no more
 * than the agent to be scheduled.
 */
bool agents_notified(Agents *agents, const struct seccomp_notif *notif);

/**
 * agents_map: have a guest's mmap() carried out in its address space, and answered. Does not wait.
 * @listener: where the notification is to be answered
 * @group: the process of the thread that waits
 * @host_fd: what to map; owned from now on
 *
 * If the process has no agent, the thread that waits is borrowed to make one.
 */
void agents_map(Agents *agents, int listener, const struct seccomp_notif *notif, pid_t group,
                int host_fd);

/**
 * agents_take_file: have a guest's pidfd_getfd() carried out, and answered, so that no agent's file is had by it
 * (agent-errand.c). Does not wait.
 * @listener, @notif: what the guest waits in; x86-64, its flags 0. A guest is known to be one of the members.
 *
 * Answers ENOMEM if too many are under way.
 */
void agents_take_file(Agents *agents, int listener, const struct seccomp_notif *notif);

/**
 * agents_prepare: have an agent made for a process before there is anything for it to do, with the help of the thread that
 * waits; once for a process.
 * @listener, @notif: what it waits in
 * @process: GuestProcess.id of its process, which is one of the members
 * @filters: how many seccomp filters its container's processes are under. One that has given itself more may be killed for
 *     the calls of an agent that is made: it gets one only if it cannot do without.
 * Returns: true: the notification is answered, and the thread makes its call once more. false: it has an agent, is to have
 *     none (a debugger holds it), or was to have one already.
 */
bool agents_prepare(Agents *agents, int listener, const struct seccomp_notif *notif,
                    uint64_t process, unsigned filters);

/** agents_dismiss: have the agent of a process end, if there is one, so that the process is as it would be without. Waits
 * for that; not for ever. */
void agents_dismiss(Agents *agents, pid_t group);

/**
 * AgentThread: a thread that the broker traces.
 * @tid: an agent, or a thread of the guest's that one is being made with
 * @group: the process of the agent
 */
typedef struct {
    pid_t tid;
    pid_t group;
} AgentThread;

/** agents_threads: (transfer full): of AgentThread: all that nobody else can trace now. */
GArray *agents_threads(Agents *agents);

/**
 * agents_lend: may memory of a process be kept beyond the call that it is given out for (broker/identity/caller-memory.h)?
 * @group: the process of a thread that is in a call
 * Returns: the number under which it will be taken back before the process is another program or no more; 0: it may not.
 */
uint64_t agents_lend(Agents *agents, pid_t group);

/** agents_report: report what became of a process of a guest's. */
void agents_report(Agents *agents, pid_t group, IncidentKind kind);

/**
 * agents_hold: see to it that the process of a guest that waits has an agent, for as long as agents_ioctl()
 * may be asked of it.
 * @listener, @notif: what it waits in
 * @again: set if there was none: one is being made with the help of the thread that waits, which then
 *     calls again. The notification is answered.
 * Returns: what agents_release() takes; NULL: @again, or there can be no agent: a debugger holds the process.
 */
AgentHold *agents_hold(Agents *agents, int listener, const struct seccomp_notif *notif, pid_t group,
                       bool *again);
void agents_release(AgentHold *hold);

/**
 * agents_ioctl: have it made in a process, and wait for its end.
 * Returns: 0 or the call's errno; EOPNOTSUPP, with nothing done: the process has no agent; ESRCH: it has
 * ended meanwhile.
 */
int agents_ioctl(Agents *agents, pid_t group, const AgentIoctl *what);
