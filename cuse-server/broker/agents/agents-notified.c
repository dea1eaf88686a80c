/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader: what the broker does about a notification of an agent's own call. It is either the agent's wait for a file
 * (PARKING, RESTING or BUSY -> PARKED), or a call of a job, which is let on after a check.
 *
 * The reader serves the calls of a whole container, so nothing here waits for a guest. A check that may take long gets a thread
 * of its own (agent-check.c).
 */
#include <errno.h>
#include <sys/syscall.h>

#include "cuse-server/broker/agents/agent-check.h"
#include "cuse-server/broker/agents/agent-idle.h"
#include "cuse-server/broker/agents/agent-internal.h"
#include "cuse-server/broker/agents/agent-jobs.h"
#include "cuse-server/broker/agents/thread/agent-calls.h"
#include "cuse-server/broker/agents/thread/agent-loop.h"
#include "cuse-server/broker/guests/notification.h"
#include "cuse-server/broker/identity/guest-thread.h"

enum { ARG_MAP_LENGTH = 1 }; /* of mmap(address, length, ...) */

/*
 * Get the agent that waits in a notification. While an agent is being made, its thread id does not identify it: if the agent
 * has just been killed, a new thread of the guest may have the same id, and must not get what was meant for the agent. So the
 * tracer is checked too: of all threads, only an agent can be in a call while a tracer of the broker's holds it. A settled
 * agent does not need this check: its id is forgotten before it is free again (agent_main()). Call with the lock held.
 */
static Agent *agent_that_waits(const Agents *agents, const struct seccomp_notif *notif)
{
    const pid_t tid = (pid_t)notif->pid;
    Agent *agent = g_hash_table_lookup(agents->by_tid, GINT_TO_POINTER(tid));

    return agent && (agent->is_settled || guest_thread_tracer(tid) == agent->tracer) ? agent : NULL;
}

/*
 * Whether the notification is the agent's wait for a file. The agent's other calls, of a job or an errand, were checked when
 * they began. The agent does not make them while it is PARKED:
 * - A notification that arrives while it is PARKED is the same wait, which a stop of the process interrupted, and which begins
 *   again. The tracer had set PARKING before the reader saw the first notification.
 * - After its wait is answered with a file, the agent goes on at once, and its tracer sets BUSY before the agent's next call
 *   (take_job() in thread/agent-work.c).
 * - An errand's tracer does not set BUSY. But the reader itself answers the errand's wait, and sets BUSY (given() in
 *   agent-jobs.c) before it takes its next notification.
 * Call with the lock held.
 */
static bool is_wait(const Agent *agent, const struct seccomp_notif *notif)
{
    bool waits = agent->state == AGENT_PARKING || agent->state == AGENT_PARKED ||
                 agent->state == AGENT_LEAVING;

    if (agent->loop) {
        return agent_loop_is_wait(notif);
    }
    return waits && notif->data.nr == (agent->errand ? SYS_pidfd_getfd : SYS_mmap);
}

/* Let an agent without stops make the call of its job. If it is about to make another call, or the parameters have
 * changed, kill its process. Call with the lock held. */
static void let_on(const Agent *agent, const struct seccomp_notif *notif)
{
    const AgentJob *job = agent->job;
    const AgentCall *call = job ? job->ioctl : NULL;

    if (job && notif->data.nr == (call ? SYS_ioctl : SYS_mmap) &&
        (!call || agent_loop_has_params(agent, call->what))) {
        notification_continue(agent->listener, notif->id);
    } else {
        agent_punish(agent);
        notification_fail(agent->listener, notif->id, EPERM);
    }
}

/* Handle a call of an agent that is not its wait, and about which a filter asks the broker. Call with the lock held. */
static void see_to_call(Agent *agent, const struct seccomp_notif *notif, AgentCheck **check)
{
    if (agent->loop) {
        let_on(agent, notif);
    } else if (notif->data.nr == SYS_ioctl && agent->issuing) {
        *check = agent_check_new(agent, notif);
    } else {
        notification_continue(agent->listener, notif->id);
    }
}

/* Let an agent without stops carry out an order that needs no file. Call with the lock held. */
static void unpark(Agent *agent)
{
    agent->state = AGENT_BUSY;
    (void)notification_return(agent->listener, agent->parked, AGENT_JOB_FD); /* or it waits again */
}

/* Answer an mmap() that an agent without stops has carried out. If a signal interrupted the guest first, undo the mapping:
 * the guest makes its call again. Call with the lock held. */
static void end_map(Agent *agent, AgentJob *job, int64_t result)
{
    if (agent_is_error(result)) {
        notification_fail(agent->listener, job->call.id, (int)-result);
    } else if (!notification_return(agent->listener, job->call.id, result)) {
        agent_loop_order_unmap(agent, (uint64_t)result, job->call.data.args[ARG_MAP_LENGTH]);
        unpark(agent);
    }
    agent_job_end(job, 0);
}

static void end_ioctl(const Agent *agent, AgentJob *job, int64_t result)
{
    agent_loop_take_params(agent, job->ioctl->what);
    agent_job_end(job, agent_is_error(result) ? (int)-result : 0);
}

/* Handle the result of the last order, which an agent without stops reports in its wait. Call with the lock held. */
static void end_order(Agent *agent, const struct seccomp_notif *notif, AgentState before)
{
    int64_t result;

    if (!agent_loop_result(agent, notif, &result)) { /* interrupted before it had the order */
        if (agent_loop_is_unmapping(agent)) {
            unpark(agent);
        }
        return;
    }
    if (before == AGENT_RESTING && result != -EFAULT) {
        agent->unwanted = true; /* a filter of the guest's own does not allow it to rest */
    }
    AgentJob *job = g_steal_pointer(&agent->job);
    if (job && job->ioctl) {
        end_ioctl(agent, job, result);
    } else if (job) {
        end_map(agent, job, result);
    }
}

/* Whether an agent that waits is to end. @before: its state before this wait. If that was LEAVING, the agent was
 * interrupted before it learned that it is to end. Call with the lock held. */
static bool is_to_go(const Agent *agent, AgentState before)
{
    const Agents *agents = agent->agents;

    return before == AGENT_LEAVING ||
           (!agent_has_work(agent) && (!agent->lingers || agent->unwanted ||
                                       agents_count(agents) > AGENTS_KEPT_MAX || agents->stopping));
}

/* Note that the agent waits for a file. Call with the lock held. */
static void park(Agent *agent, const struct seccomp_notif *notif)
{
    const AgentState before = agent->state;

    agent->parked = notif->id;
    agent->since = g_get_monotonic_time();
    agent_set_state(agent, AGENT_PARKED);
    if (agent->loop) {
        end_order(agent, notif, before);
    }
    if (agent->state == AGENT_PARKED && is_to_go(agent, before)) {
        agent_dismiss(agent, ECANCELED);
    }
}

bool agents_notified(Agents *agents, const struct seccomp_notif *notif)
{
    AgentCheck *check = NULL;
    Agent *agent;

    g_mutex_lock(&agents->lock);
    agent = agent_that_waits(agents, notif);
    if (!agent) {
        g_mutex_unlock(&agents->lock);
        return false;
    }
    agent_ref(agent);
    const bool waits = is_wait(agent, notif);
    if (waits) {
        park(agent, notif);
    } else {
        see_to_call(agent, notif, &check);
    }
    g_mutex_unlock(&agents->lock);
    if (check) {
        agent_check_begin(check);
    } else if (waits) {
        agent_give_next(agent);
    }
    agent_unref(agent);
    return true;
}
