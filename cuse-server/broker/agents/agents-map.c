/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs of agents: guests' mmap()s. A guest that waits is answered by the code that knows the result. */
#include <errno.h>

#include "cuse-server/broker/agents/agent-internal.h"
#include "cuse-server/broker/agents/agent-jobs.h"
#include "cuse-server/broker/agents/agent-new.h"

/* Whether the notification @one is older. A listener numbers its notifications upwards. Source: kernel/seccomp.c,
 * seccomp_next_notify_id(). */
static bool is_earlier(const struct seccomp_notif *one, const struct seccomp_notif *other)
{
    return (int64_t)(one->id - other->id) < 0;
}

/*
 * Take out the job of a call that the thread made before its present one. Returns NULL if there is none. That earlier call was
 * interrupted, and nothing waits for it. If such jobs were kept, a process that is stopped and continued faster than its agent
 * is scheduled would make the broker keep a file for each. Call with the lock held.
 */
static AgentJob *take_superseded(Agent *agent, const struct seccomp_notif *present)
{
    for (GList *at = agent->jobs.head; at; at = at->next) {
        AgentJob *job = at->data;
        if (!job->ioctl && job->call.pid == present->pid && is_earlier(&job->call, present)) {
            g_queue_delete_link(&agent->jobs, at);
            return job;
        }
    }
    return NULL;
}

void agents_map(Agents *agents, int listener, const struct seccomp_notif *notif, pid_t group,
                int host_fd)
{
    AgentJob *job = g_new(AgentJob, 1);
    AgentJob *superseded = NULL;
    Agent *agent;
    int error = 0;

    *job = (AgentJob){.host_fd = host_fd, .call = *notif};
    g_mutex_lock(&agents->lock);
    agent = agent_for(agents, listener, notif, group, &error);
    if (agent) {
        superseded = take_superseded(agent, notif);
        g_queue_push_tail(&agent->jobs, job);
        agent_ref(agent);
    }
    g_mutex_unlock(&agents->lock);
    if (superseded) {
        agent_job_fail(listener, superseded, EINTR);
    }
    if (agent) {
        agent_give_next(agent);
        agent_unref(agent);
    } else {
        agent_job_fail(listener, job, error);
    }
}
