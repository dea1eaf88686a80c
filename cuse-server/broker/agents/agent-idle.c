/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agents without work: they rest (PARKED -> RESTING), wake up when the bell rings, or are told to end (PARKED -> LEAVING). Which
 * of these applies is decided by the keeper (agents-keeper.c), the reader (agents-notified.c) and agents_dismiss().
 */
#include "cuse-server/broker/agents/agent-idle.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "cuse-server/broker/agents/agent-internal.h"
#include "cuse-server/broker/agents/thread/agent-loop.h"
#include "cuse-server/broker/guests/notification.h"

/* #syscalls:broker write newfstatat stat clock_nanosleep */

enum {
    GONE_LOOKS = 100, /* how often to check whether an agent's thread is gone */
    GONE_MICROSECONDS = 500,
};

bool agent_has_work(const Agent *agent)
{
    return agent->giving || agent->offered >= 0 || agent->jobs.length > 0 || agent->holds > 0;
}

void agent_ring(const Agent *agent)
{
    (void)eventfd_write(agent->bell, 1);
    g_cond_broadcast(&agent->agents->changed); /* the keeper has something to look at */
}

void agent_dismiss(Agent *agent, int error)
{
    agent->state = AGENT_LEAVING;
    agent_retire_locked(agent);
    notification_fail(agent->listener, agent->parked, error);
}

bool agent_may_rest(Agent *agent)
{
    agent_lock(agent);
    const bool may = !agent_has_work(agent) && !agent->unwanted && !agent->agents->stopping &&
                     agent->state != AGENT_LEAVING;
    if (may) {
        agent->state = AGENT_RESTING;
    }
    agent_unlock(agent);
    return may;
}

bool agent_send_to_rest(Agent *agent)
{
    if (agent->bell_number < 0) {
        agent->offered = agent->bell;
        return true;
    }
    agent->state = AGENT_RESTING;
    if (agent->loop) {
        agent_loop_order_rest(agent);
        (void)notification_return(agent->listener, agent->parked, AGENT_JOB_FD);
    } else {
        notification_fail(agent->listener, agent->parked, EAGAIN);
    }
    return false;
}

/* Wait until a thread that does not run any code any more has left its process as well. */
static void wait_until_gone(pid_t tid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d", tid);
    struct stat st;

    for (unsigned look = 0; look < GONE_LOOKS && stat(path, &st) == 0; look++) {
        g_usleep(GONE_MICROSECONDS);
    }
}

void agents_dismiss(Agents *agents, pid_t group)
{
    const gint64 deadline = g_get_monotonic_time() + AGENT_BIRTH_SECONDS * G_TIME_SPAN_SECOND;

    g_mutex_lock(&agents->lock);
    Agent *agent = agent_in(agents, group);
    if (agent) {
        agent_ref(agent);
        agent->unwanted = true;
        if (agent->state == AGENT_PARKED && !agent_has_work(agent)) {
            agent_dismiss(agent, ECANCELED);
        } else if (agent->state == AGENT_RESTING) {
            agent_ring(agent);
        }
        while (agent->state != AGENT_ENDED &&
               g_cond_wait_until(&agents->changed, &agents->lock, deadline)) {
        }
    }
    g_mutex_unlock(&agents->lock);
    if (agent) {
        wait_until_gone(agent->tracee.tid);
        agent_unref(agent);
    }
}
