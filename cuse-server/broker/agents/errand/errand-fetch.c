/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an errand makes the guest's pidfd_getfd(), and how it is kept out of agents' tables.
 *
 * The pidfd must not refer to an agent of any instance, an errand, or a thread of the broker. The broker looks at the pidfd in
 * the errand's copy of the caller's table, to which no other thread can write. A thread can become an agent after that. Then
 * agent_born() marks the errand that has looked at this thread as spoilt (errands_spoil()), and the file is dropped.
 */
#include "cuse-server/broker/agents/errand/errand-fetch.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cuse-server/broker/identity/guest-thread.h"

/* #syscalls:broker getpid */

/* pidfd_getfd(pidfd, number, flags) */
enum { ARG_PIDFD };

void errands_spoil(const Agents *agents, pid_t tid)
{
    GHashTableIter iter;
    gpointer other;

    g_hash_table_iter_init(&iter, agents->all);
    while (g_hash_table_iter_next(&iter, &other, NULL)) {
        Agent *errand = other;
        errand->spoilt = errand->spoilt || errand->target == tid;
    }
}

/* Whether a thread that @tracer traces (0: it is not traced) is an agent or an errand of this instance. Such a thread has
 * its tracer from its very beginning, before by_tid lists it. A guest's own thread that is borrowed has such a tracer too,
 * but does not count. Call with the lock held. */
static bool is_held(const Agents *agents, pid_t tid, pid_t tracer)
{
    GHashTableIter iter;
    gpointer key;

    g_hash_table_iter_init(&iter, agents->all);
    while (tracer != 0 && g_hash_table_iter_next(&iter, &key, NULL)) {
        const Agent *agent = key;
        if (agent->tracer == tracer) {
            return (pid_t)agent->starter.pid != tid;
        }
    }
    return false;
}

/* Whether the thread is the broker's own, or is traced from outside of the container, as agents of other instances are. */
static bool is_out_of_bounds(const Agent *errand, pid_t target, pid_t tracer)
{
    GuestMembers *members = errand->agents->members;

    return guest_thread_group(target) == getpid() ||
           (tracer != 0 && !guest_members_have(members, tracer) &&
            guest_thread_group(tracer) != getpid());
}

/* Prepare the errand to look into the table of thread @target. Returns false if that is an agent of any instance, another
 * errand, or a thread of the broker. */
static bool aim(Agent *errand, pid_t target)
{
    const Agents *agents = errand->agents;
    const pid_t tracer = guest_thread_tracer(target);

    if (is_out_of_bounds(errand, target, tracer)) {
        return false;
    }
    agent_lock(errand);
    const Agent *known = g_hash_table_lookup(agents->by_tid, GINT_TO_POINTER(target));
    bool is_free = known ? known->borrowed.tid == target : !is_held(agents, target, tracer);
    errand->target = target;
    errand->spoilt = !is_free;
    agent_unlock(errand);
    return is_free;
}

/* Whether the target has become an agent since aim(). If so, the file that was taken must not be given away. */
static bool is_spoilt(Agent *errand)
{
    agent_lock(errand);
    bool spoilt = errand->spoilt;
    agent_unlock(errand);
    return spoilt;
}

/* Report the attempt, and refuse it. A guest does not come across an agent by accident. */
static int64_t refuse(const Agent *agent)
{
    agents_report(agent->agents, agent->group, INCIDENT_AGENT_FILE);
    return -EBADF;
}

/* Have the errand's thread call pidfd_getfd(). Only the broker can reach its table. @value: set to the file's number
 * there, or minus an errno */
static TraceeResult call(Agent *agent, int64_t *value)
{
    const __u64 *args = agent->starter.data.args;
    TraceeCall getfd = {.number = SYS_pidfd_getfd, .args = {args[0], args[1], 0}};
    TraceeResult result = tracee_do(&agent->tracee, &getfd);

    *value = getfd.result;
    if (is_spoilt(agent)) {
        *value = refuse(agent);
    }
    return result;
}

TraceeResult errand_fetch(Agent *agent, int64_t *value)
{
    const int pidfd = (int)agent->starter.data.args[ARG_PIDFD];
    pid_t target = guest_thread_pidfd_target(agent->tracee.tid, pidfd);
    TraceeResult result = TRACEE_OK;

    *value = target < 0 ? -ESRCH : -EBADF;
    if (target > 0 && aim(agent, target)) {
        result = call(agent, value);
    } else if (target > 0) {
        *value = refuse(agent);
    }
    return result;
}
