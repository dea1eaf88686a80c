/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is lent through agents. As long as a process has an agent, the broker learns of the process's end, and of exec(),
 * before they take effect. So it can have lent memory taken back in time (broker/identity/caller-memory.h).
 */
#include "cuse-server/broker/agents/agent-internal.h"

uint64_t agents_lend(Agents *agents, pid_t group)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&agents->lock);
    Agent *agent = agent_in(agents, group);

    if (!agent || !agent->lends || agent->unwanted || agent->state == AGENT_LEAVING) {
        return 0;
    }
    if (agent->lending == 0) {
        agent->lending = ++agents->last_lending;
    }
    return agent->lending;
}

void agent_take_back(Agent *agent)
{
    agent_lock(agent);
    const uint64_t lending = agent->lends ? agent->lending : 0;
    agent->lends = false;
    agent_unlock(agent);
    if (lending) {
        agent->agents->take_back(lending, agent->agents->data);
    }
}
