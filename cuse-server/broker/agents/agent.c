/* SPDX-License-Identifier: Apache-2.0 */
/* One agent: its references, its entries in the tables of Agents, and the notes that its tracer makes about its life. */
#include "cuse-server/broker/agents/agent-internal.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "cuse-server/broker/agents/agent-jobs.h"
#include "cuse-server/broker/agents/errand/errand-fetch.h"
#include "cuse-server/broker/agents/thread/agent-loop.h"
#include "cuse-server/broker/guests/notification.h"

/* #syscalls:broker close gettid kill write */

void agent_unref(Agent *agent)
{
    if (g_atomic_ref_count_dec(&agent->refs)) {
        close(agent->listener);
        close(agent->bell);
        agent_loop_free(agent->loop);
        g_free(agent);
    }
}

Agent *agent_ref(Agent *agent)
{
    g_atomic_ref_count_inc(&agent->refs);
    return agent;
}

void agent_lock(Agent *agent)
{
    g_mutex_lock(&agent->agents->lock);
}

void agent_unlock(Agent *agent)
{
    g_mutex_unlock(&agent->agents->lock);
}

bool agent_is_guest(const Agent *agent)
{
    return guest_members_have(agent->agents->members, (pid_t)agent->starter.pid);
}

int agent_no_caps(const Agent *agent)
{
    return agent->agents->no_caps;
}

/* Print the reason as well: a user at the guest's terminal sees that the process ends, but not the reported incident. */
void agent_trouble(const Agent *agent, IncidentKind kind)
{
    g_printerr("nvcuse: process %d %s\n", agent->group, incident_explanation(kind));
    agents_report(agent->agents, agent->group, kind);
}

void agent_punish(const Agent *agent)
{
    agent_trouble(agent, INCIDENT_OTHER_CODE);
    kill(agent->group, SIGKILL);
}

Agent *agent_in(const Agents *agents, pid_t group)
{
    return g_hash_table_lookup(agents->by_group, GINT_TO_POINTER(group));
}

unsigned agents_count(const Agents *agents)
{
    return g_hash_table_size(agents->all);
}

void agent_born(Agent *agent)
{
    agent_lock(agent);
    g_hash_table_insert(agent->agents->by_tid, GINT_TO_POINTER(agent->tracee.tid), agent);
    if (!agent->errand) {
        errands_spoil(agent->agents, agent->tracee.tid);
    }
    agent_unlock(agent);
}

/* With the lock held. */
static void forget(const Agent *agent)
{
    GHashTable *by_tid = agent->agents->by_tid;

    if (g_hash_table_lookup(by_tid, GINT_TO_POINTER(agent->tracee.tid)) == agent) {
        g_hash_table_remove(by_tid, GINT_TO_POINTER(agent->tracee.tid));
    }
}

void agent_forget(Agent *agent)
{
    agent_lock(agent);
    forget(agent);
    agent_unlock(agent);
}

void agent_set_state(Agent *agent, AgentState state)
{
    if (agent->state == AGENT_STARTING || agent->state == AGENT_RESTING) {
        g_cond_broadcast(&agent->agents->changed);
    }
    agent->state = state;
}

void agent_set_out(Agent *agent)
{
    agent_lock(agent);
    agent->tracer = gettid();
    agent_unlock(agent);
}

void agent_retire_locked(Agent *agent)
{
    if (agent_in(agent->agents, agent->group) == agent) {
        g_hash_table_remove(agent->agents->by_group, GINT_TO_POINTER(agent->group));
    }
}

void agent_retire(Agent *agent)
{
    agent_lock(agent);
    agent_retire_locked(agent);
    agent_unlock(agent);
}

void agent_set_borrowing(Agent *agent, AgentBorrowing borrowing)
{
    agent_lock(agent);
    agent->borrowing = borrowing;
    g_cond_broadcast(&agent->agents->changed);
    agent_unlock(agent);
}

void agent_settle(Agent *agent)
{
    agent_lock(agent);
    agent->is_settled = true;
    agent->lends = agent->lingers;
    g_cond_broadcast(&agent->agents->changed);
    agent_unlock(agent);
}

void agent_ended(Agent *agent, int error)
{
    Agents *agents = agent->agents;
    AgentJob *job;

    agent_lock(agent);
    agent->state = AGENT_ENDED;
    agent->error = error;
    if (agent->ahead && !error && !agent->unwanted) {
        g_hash_table_remove(agents->prepared,
                            &agent->process); /* its next program may get an agent */
    }
    agent_retire_locked(agent);
    forget(agent);
    if (!agent->giving) {
        agent_drop_given(agent);
    }
    agent_unlock(agent);
    if (agent->ahead) {
        error = 0; /* made ahead: its error is not the fault of these jobs */
    }
    while ((job = g_queue_pop_head(&agent->jobs))) { /* retired: no thread adds jobs any more */
        if (job->ioctl) {
            agent_job_fail(agent->listener, job, error ? error : ESRCH);
        } else if (error || !notification_is_valid(agent->listener, job->call.id)) {
            agent_job_fail(agent->listener, job, error);
        } else {
            agents_map(agents, agent->listener, &job->call, agent->group, job->host_fd);
            g_free(job);
        }
    }
    agent_lock(agent);
    g_hash_table_remove(agents->all, agent);
    agents->n_errands -= agent->errand;
    g_cond_broadcast(&agents->changed);
    agent_unlock(agent);
    agent_unref(agent);
}
