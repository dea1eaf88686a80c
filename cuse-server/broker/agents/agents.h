/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agents: threads of nvcuse in guests' processes. An agent does what must be done in a guest's address space, on host files
 * that the guest never gets. Each process that opens a device has one agent, for as long as the process lives. Through its
 * agent the broker also learns that a process is about to execute another program, before that happens. agents.c explains the
 * life of an agent.
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

/** AgentHold: an agent that is kept for a call that may need it. */
typedef struct Agent AgentHold;

enum { AGENT_PARAMS_MAX = 256 };

/*
 * A bit of mmap()'s flags with which the guests' filter does not ask the broker. An agent sets it when it maps what was decided
 * before. The bit belongs to the size of huge pages, so the kernel ignores it without MAP_HUGETLB. A bit in the upper half
 * would not do: libseccomp refuses to merge profiles with such a bit. If a guest sets the bit itself, the broker is not asked
 * either, and the guest gets the kernel's answer: files of nvcuse cannot be mapped.
 */
#define AGENT_MAP_MARK (UINT64_C(1) << 31)

/**
 * AgentIoctl: an ioctl() that an agent is to make.
 * @host_fd: the file to call it on; borrowed
 * @params, @size: its argument, at most AGENT_PARAMS_MAX bytes; the driver's answer is written back to it
 */
typedef struct {
    int host_fd;
    uint32_t command;
    void *params;
    size_t size;
} AgentIoctl;

/**
 * AgentsTakeBack: have memory that was lent under a number taken back, and wait until it is. An agent's tracer calls it. Until
 * it returns, the agent's process can neither end nor execute another program.
 */
typedef void (*AgentsTakeBack)(uint64_t lending, gpointer data);

/**
 * agents_new: create the agents of an instance.
 * @members: the only processes that are ever traced
 * @incidents: where problems with them are reported
 * @take_back: called with @data
 * @members, @incidents and @data outlive the agents.
 */
Agents *agents_new(GuestMembers *members, Incidents *incidents, AgentsTakeBack take_back,
                   gpointer data);

/**
 * agents_stop: accept no more calls, and end every agent. Waits for the agents, and kills guests whose agent does not end. The
 * listeners that the agents came from must still be served meanwhile.
 *
 * Returns: false with @error if an agent does not end even then, which a guest's own FUSE file system can bring about. Threads
 * of the broker then still use @agents.
 */
bool agents_stop(Agents *agents, GError **error);

/** agents_free: call after agents_stop(), when no thread calls these functions any more. */
void agents_free(Agents *agents);

/**
 * agents_notified: handle a notification if it is an agent's own. Waits at most until the agent is scheduled. Returns false if
 * it is not an agent's.
 */
bool agents_notified(Agents *agents, const struct seccomp_notif *notif);

/**
 * agents_map: have a guest's mmap() carried out in its address space, and answered. Does not wait.
 * @listener: where to answer the notification
 * @group: the process of the thread that waits
 * @host_fd: the file to map; owned by the agents from now on
 *
 * If the process has no agent, the thread that waits is borrowed to make one.
 */
void agents_map(Agents *agents, int listener, const struct seccomp_notif *notif, pid_t group,
                int host_fd);

/**
 * agents_take_file: have a guest's pidfd_getfd() carried out, and answered, in a way that cannot take a file from an agent
 * (agent-errand.c). Does not wait.
 * @listener, @notif: the call in which the guest waits: a native call with flags 0. The caller knows that the guest is one of
 *     the members.
 *
 * Answers ENOMEM if too many are under way.
 */
void agents_take_file(Agents *agents, int listener, const struct seccomp_notif *notif);

/**
 * agents_prepare: have an agent made for a process before there is work for it, with the help of the thread that waits. This is
 * done once for a process.
 * @listener, @notif: the call in which the thread waits
 * @process: GuestProcess.id of its process, which is one of the members
 * @filters: the number of seccomp filters that the processes of its container are under. A process that has added filters may
 *     be killed for the calls that are made while an agent is created. It gets an agent only if it cannot do without one.
 * Returns: true: the notification is answered, and the thread makes its call once more. false: the process has an agent, is not
 * to have one (a debugger holds it), or was to have one before.
 */
bool agents_prepare(Agents *agents, int listener, const struct seccomp_notif *notif,
                    uint64_t process, unsigned filters);

/** agents_dismiss: have the agent of a process end, if there is one, so that the process is as it would be without it. Waits
 * for that, but not for ever. */
void agents_dismiss(Agents *agents, pid_t group);

/**
 * AgentThread: a thread that the broker traces.
 * @tid: an agent, or a guest's thread with whose help one is being made
 * @group: the process of the agent
 */
typedef struct {
    pid_t tid;
    pid_t group;
} AgentThread;

/** agents_threads: (transfer full): list, as AgentThread, the threads that no other process can trace now. Errands are left
 * out. */
GArray *agents_threads(Agents *agents);

/**
 * agents_lend: whether memory of a process may be kept beyond the call that it is given out for
 * (broker/identity/caller-memory.h).
 * @group: the process of a thread that is in a call
 * Returns: the number under which the memory will be taken back before the process executes another program or ends; 0: it may
 * not be kept.
 */
uint64_t agents_lend(Agents *agents, pid_t group);

/** agents_report: report what happened to a guest's process. */
void agents_report(Agents *agents, pid_t group, IncidentKind kind);

/**
 * agents_hold: make sure that the process of a waiting guest has an agent, until agents_release(), so that agents_ioctl() can
 * use it.
 * @listener, @notif: the call in which the guest waits
 * @again: set if there was no agent. One is being made with the help of the thread that waits, which then makes its call again.
 *     The notification is answered.
 * Returns: an argument for agents_release(); NULL: @again is set, or there can be no agent, because a debugger holds the
 * process or the agents are being stopped.
 */
AgentHold *agents_hold(Agents *agents, int listener, const struct seccomp_notif *notif, pid_t group,
                       bool *again);
void agents_release(AgentHold *hold);

/**
 * agents_ioctl: have an ioctl() made in a process, and wait until it has ended.
 * Returns: 0 or the call's errno; EOPNOTSUPP: the process has no agent, and nothing was done; ESRCH: it has ended meanwhile.
 */
int agents_ioctl(Agents *agents, pid_t group, const AgentIoctl *what);
