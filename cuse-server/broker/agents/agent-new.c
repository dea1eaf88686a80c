/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an agent or an errand begins: an Agent in state STARTING, and the broker's thread that traces it. That thread makes the
 * agent with the help of the guest's thread that waits in the call (thread/agent-thread.c).
 */
#include "cuse-server/broker/agents/agent-new.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/agents/errand/agent-errand.h"
#include "cuse-server/broker/agents/thread/agent-thread.h"
#include "cuse-server/broker/guests/notification.h"
#include "cuse-server/broker/identity/guest-thread.h"

/* #syscalls:broker clone close fcntl eventfd2 */

enum { ERRANDS_MAX = 64 }; /* at a time */

/* Start to make an agent, or an errand, with the help of the thread that makes the call @notif. Returns NULL if the broker
 * cannot get a thread or a descriptor for it. Call with the lock held. */
static Agent *agent_start(Agents *agents, int listener, const struct seccomp_notif *notif,
                          pid_t group, AgentSort sort)
{
    Agent *agent = g_new0(Agent, 1);
    GThread *thread = NULL;

    g_atomic_ref_count_init(&agent->refs);
    agent->agents = agents;
    agent->group = group;
    agent->starter = *notif;
    agent->errand = sort.errand;
    agent->again = sort.again;
    agent->ahead = sort.ahead;
    agent->listener = fcntl(listener, F_DUPFD_CLOEXEC, 0);
    agent->offered = -1;
    agent->bell = eventfd(0, EFD_CLOEXEC);
    agent->bell_number = -1;
    g_queue_init(&agent->jobs);
    if (agent->listener >= 0 && agent->bell >= 0) {
        thread = sort.errand ? g_thread_try_new("broker-errand", agent_errand_main, agent, NULL)
                             : g_thread_try_new("broker-agent", agent_main, agent, NULL);
    }
    if (!thread) {
        close_if_open(agent->listener);
        close_if_open(agent->bell);
        g_free(agent);
        return NULL;
    }
    g_thread_unref(thread);
    g_hash_table_add(agents->all, agent);
    agents->n_errands += sort.errand;
    g_cond_broadcast(&agents->changed); /* the keeper has something to look at */
    return agent;
}

Agent *agent_new(Agents *agents, int listener, const struct seccomp_notif *notif, pid_t group,
                 AgentSort sort)
{
    Agent *agent = agent_start(agents, listener, notif, group, sort);

    if (agent) {
        g_hash_table_insert(agents->by_group, GINT_TO_POINTER(group), agent);
    }
    return agent;
}

Agent *agent_for(Agents *agents, int listener, const struct seccomp_notif *notif, pid_t group,
                 int *error)
{
    Agent *agent = agent_in(agents, group);

    if (agents->stopping) {
        *error = ENODEV;
        return NULL;
    }
    if (!agent) {
        agent = agent_new(agents, listener, notif, group, (AgentSort){0});
        *error = ENOMEM;
    }
    return agent;
}

void agents_take_file(Agents *agents, int listener, const struct seccomp_notif *notif)
{
    pid_t group = guest_thread_group((pid_t)notif->pid);
    int error = group < 0 ? ESRCH : ENOMEM;

    g_mutex_lock(&agents->lock);
    if (group >= 0 && !agents->stopping && agents->n_errands < ERRANDS_MAX &&
        agent_start(agents, listener, notif, group, (AgentSort){.errand = true})) {
        error = 0;
    }
    g_mutex_unlock(&agents->lock);
    if (error) {
        notification_fail(listener, notif->id, error);
    }
}

/* Get the process's agent, or NULL. If an agent is being made with the help of another thread, wait until it is made or
 * has failed. This does not wait for ever, because a guest can hold its own agent up. Call with the lock held. */
static Agent *agent_of(Agents *agents, pid_t group)
{
    Agent *agent = agent_in(agents, group);
    gint64 deadline = g_get_monotonic_time() + AGENT_BIRTH_SECONDS * G_TIME_SPAN_SECOND;

    while (agent && agent->state == AGENT_STARTING && !agents->stopping &&
           g_cond_wait_until(&agents->changed, &agents->lock, deadline)) {
        agent = agent_in(agents, group);
    }
    return agent;
}

AgentHold *agents_hold(Agents *agents, int listener, const struct seccomp_notif *notif, pid_t group,
                       bool *again)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&agents->lock);
    Agent *agent = agent_of(agents, group);

    *again = false;
    if (agents->stopping) {
        return NULL;
    }
    if (agent) {
        agent->holds++;
        return agent_ref(agent);
    }
    *again = guest_thread_tracer((pid_t)notif->pid) == 0 &&
             agent_new(agents, listener, notif, group, (AgentSort){.again = true}) != NULL;
    return NULL;
}

void agents_release(AgentHold *hold)
{
    if (hold) {
        agent_lock(hold);
        hold->holds--;
        agent_unlock(hold);
        agent_unref(hold);
    }
}
