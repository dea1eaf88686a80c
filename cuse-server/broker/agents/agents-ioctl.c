/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs of agents: ioctl()s, for which a thread of the broker waits. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/agents/agent-internal.h"
#include "cuse-server/broker/agents/agent-jobs.h"
#include "cuse-server/broker/agents/thread/agent-params.h"

/* #syscalls:broker close fcntl pwrite64 */

/* Give the call to the process's agent. Returns false if there is no agent. */
static bool give_call(Agents *agents, pid_t group, AgentCall *call, int host_fd)
{
    AgentJob *job = g_new(AgentJob, 1);
    Agent *agent;

    *job = (AgentJob){.host_fd = host_fd, .ioctl = call};
    g_mutex_lock(&agents->lock);
    agent = agent_in(agents, group);
    if (agent) {
        g_queue_push_tail(&agent->jobs, job);
        agent_ref(agent);
    }
    g_mutex_unlock(&agents->lock);
    if (!agent) {
        g_free(job);
        return false;
    }
    agent_give_next(agent);
    agent_unref(agent);
    return true;
}

static int wait_for_call(AgentCall *call)
{
    g_mutex_lock(&call->lock);
    while (!call->done) {
        g_cond_wait(&call->changed, &call->lock);
    }
    g_mutex_unlock(&call->lock);
    return call->error;
}

/* Write the parameters before the guest gets the file. Afterwards the guest can hold the file's lock, and so block every
 * writer. */
static bool write_params(const AgentCall *call)
{
    const AgentIoctl *what = call->what;

    return call->params_fd >= 0 &&
           pwrite(call->params_fd, what->params, what->size, 0) == (ssize_t)what->size;
}

int agents_ioctl(Agents *agents, pid_t group, const AgentIoctl *what)
{
    AgentCall call = {.what = what, .params_fd = agent_page_new()};
    int host_fd = write_params(&call) ? fcntl(what->host_fd, F_DUPFD_CLOEXEC, 0) : -1;
    int error = ENOMEM;

    g_mutex_init(&call.lock);
    g_cond_init(&call.changed);
    if (host_fd >= 0 && !give_call(agents, group, &call, host_fd)) {
        close(host_fd);
        error = EOPNOTSUPP;
    } else if (host_fd >= 0) {
        error = wait_for_call(&call);
    }
    close_if_open(call.params_fd);
    g_mutex_clear(&call.lock);
    g_cond_clear(&call.changed);
    return error;
}
