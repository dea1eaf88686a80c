/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper: the thread that watches the time. It sends agents that have had nothing to do for a moment to rest, ends agents
 * that are not wanted any more, and kills processes whose agent does not come back from user mode.
 */
#include <errno.h>
#include <signal.h>

#include "cuse-server/broker/agents/agent-idle.h"
#include "cuse-server/broker/agents/agent-internal.h"
#include "cuse-server/broker/agents/agent-jobs.h"
#include "cuse-server/broker/identity/guest-thread.h"

/* #syscalls:broker kill */

enum {
    LINGER_MS = 200,    /* how long an agent waits for its process's next call before it rests */
    TICK_MS = 100,      /* how often the keeper looks */
    ASTRAY_SECONDS = 2, /* time in user mode, where an agent has one instruction to execute */
    ASTRAY_TICKS = 50,  /* running time in user mode: an agent may have been kept from running */
};

/* Whether the thread stays in user mode longer than it needs. It executes one instruction to get into a system call. If it
 * does not come back, it was made to do something else. But a busy or frozen machine, or a missing page of code, may delay
 * it, so the time that it really ran counts. */
static bool is_astray(const Tracee *tracee, AgentStay *stay)
{
    gint64 since = tracee->in_user_mode_since;

    /* The time that a guest's thread ran before it was borrowed does not count. */
    if (since != stay->since) {
        *stay = (AgentStay){.since = since, .ticks = since ? guest_thread_time(tracee->tid) : 0};
    }
    return since && g_get_monotonic_time() - since > ASTRAY_SECONDS * G_TIME_SPAN_SECOND &&
           guest_thread_time(tracee->tid) > stay->ticks + ASTRAY_TICKS;
}

/* Look after one agent. Returns true if it is to be given its bell. Call with the lock held. */
static bool look_after(const Agents *agents, Agent *agent)
{
    gint64 idle = g_get_monotonic_time() - agent->since;
    bool to_give = false;

    if (agent->state == AGENT_PARKED && !agent_has_work(agent)) {
        const bool is_idle = idle > LINGER_MS * G_TIME_SPAN_MILLISECOND;
        if (agents->stopping || agent->unwanted || (is_idle && !agent->is_settled)) {
            agent_dismiss(agent, ECANCELED);
        } else if (is_idle) {
            to_give = agent_send_to_rest(agent);
        }
    } else if (agent->state == AGENT_RESTING && (agents->stopping || agent->unwanted)) {
        agent_ring(agent);
    }
    if (is_astray(&agent->borrowed, &agent->borrowed_stay) ||
        is_astray(&agent->tracee, &agent->stay)) {
        agent->borrowed.in_user_mode_since = agent->tracee.in_user_mode_since = 0; /* once */
        agent_trouble(agent, INCIDENT_ASTRAY);
        kill(agent->group, SIGKILL);
    }
    return to_give;
}

/* Look after all agents. Call with the lock held; releases it for a moment. */
static void look_after_all(Agents *agents)
{
    g_autoptr(GList) all = g_hash_table_get_keys(agents->all);
    g_autoptr(GPtrArray) given = g_ptr_array_new();

    for (const GList *at = all; at; at = at->next) {
        if (look_after(agents, at->data)) {
            g_ptr_array_add(given, agent_ref(at->data));
        }
    }
    g_mutex_unlock(&agents->lock);
    for (guint i = 0; i < given->len; i++) {
        agent_give_next(g_ptr_array_index(given, i));
        agent_unref(g_ptr_array_index(given, i));
    }
    g_mutex_lock(&agents->lock);
}

/* Whether there is an agent that the keeper has to watch. Call with the lock held. */
static bool is_any_awake(const Agents *agents)
{
    GHashTableIter iter;
    gpointer agent;

    g_hash_table_iter_init(&iter, agents->all);
    while (g_hash_table_iter_next(&iter, &agent, NULL)) {
        const Agent *one = agent;
        if (one->state != AGENT_RESTING || agent_has_work(one) || one->unwanted) {
            return true;
        }
    }
    return false;
}

gpointer agents_keep(gpointer data)
{
    Agents *agents = data;

    g_mutex_lock(&agents->lock);
    while (!agents->stopping || agents_count(agents) > 0) {
        if (!agents->stopping && !is_any_awake(agents)) {
            g_cond_wait(&agents->changed, &agents->lock);
        } else {
            g_cond_wait_until(&agents->changed, &agents->lock,
                              g_get_monotonic_time() + TICK_MS * G_TIME_SPAN_MILLISECOND);
        }
        look_after_all(agents);
    }
    g_mutex_unlock(&agents->lock);
    return NULL;
}
