/* SPDX-License-Identifier: Apache-2.0 */
/* Agents that are made ahead: before there is work for them (agents_prepare()). */
#include <errno.h>

#include "cuse-server/broker/agents/agent-internal.h"
#include "cuse-server/broker/agents/agent-new.h"
#include "cuse-server/broker/identity/guest-thread.h"

enum {
    MAKE_MS = 200, /* how long an open waits for the agent that is made for its process */
    PREPARED_MAX = 4096,
};

/* Whether to make an agent ahead for the process. This is tried once, because a failure has a reason that remains. Call
 * with the lock held. */
static bool is_to_prepare(Agents *agents, uint64_t process)
{
    if (agents->stopping || agents_count(agents) >= AGENTS_KEPT_MAX ||
        agent_in(agents, guest_process_group(process)) ||
        g_hash_table_contains(agents->prepared, &process)) {
        return false;
    }
    if (g_hash_table_size(agents->prepared) >= PREPARED_MAX) {
        g_hash_table_remove_all(agents->prepared);
    }
    g_hash_table_add(agents->prepared, g_memdup2(&process, sizeof process));
    return true;
}

/* Wait until the agent of the process is made. An agent that is made ahead is not finished when the borrowed thread
 * repeats its call. The thread's next calls must find it finished: the thread may install a filter for all threads
 * (SECCOMP_FILTER_FLAG_TSYNC), which kills for the calls that the agent still has to make. The wait is short, because a guest
 * can hold its own agent up. Call with the lock held. */
static void wait_until_made(Agents *agents, pid_t group)
{
    const gint64 deadline = g_get_monotonic_time() + MAKE_MS * G_TIME_SPAN_MILLISECOND;
    const Agent *agent;

    while ((agent = agent_in(agents, group)) && !agent->is_settled && !agents->stopping &&
           g_cond_wait_until(&agents->changed, &agents->lock, deadline)) {
    }
}

bool agents_prepare(Agents *agents, int listener, const struct seccomp_notif *notif,
                    uint64_t process, unsigned filters)
{
    const pid_t tid = (pid_t)notif->pid;
    const pid_t group = guest_process_group(process);
    Agent *agent = NULL;

    g_mutex_lock(&agents->lock);
    const bool has_one = agent_in(agents, group);
    wait_until_made(agents, group);
    g_mutex_unlock(&agents->lock);
    if (has_one || guest_thread_tracer(tid) != 0 || guest_thread_filters(tid) > filters) {
        return false;
    }
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&agents->lock);
    if (is_to_prepare(agents, process)) {
        agent =
            agent_new(agents, listener, notif, group, (AgentSort){.again = true, .ahead = true});
    }
    if (!agent) {
        return false;
    }
    agent_ref(agent);
    agent->process = process;
    const gint64 deadline = g_get_monotonic_time() + AGENT_BIRTH_SECONDS * G_TIME_SPAN_SECOND;
    /* Do not wait for ever: a program that a guest executes from its own file system keeps the broker from seizing its
     * threads. */
    while (agent->borrowing == AGENT_NOT_YET &&
           g_cond_wait_until(&agents->changed, &agents->lock, deadline)) {
    }
    const bool borrowed = agent->borrowing == AGENT_BORROWED;
    agent_unref(agent);
    return borrowed;
}
