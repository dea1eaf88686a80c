/* SPDX-License-Identifier: Apache-2.0 */
/* Agents without work: how they rest, wake up, and are told to end. agents.c explains the life of an agent. */
#pragma once

#include <stdbool.h>

#include "cuse-server/broker/agents/agent-internal.h"

/* Call these four with the lock held. */

/** agent_has_work: whether there is work for the agent. */
bool agent_has_work(const Agent *agent);

/** agent_ring: wake an agent that rests. */
void agent_ring(const Agent *agent);

/** agent_dismiss: answer the wait of a parked agent so that it ends. @error: the errno that its wait returns */
void agent_dismiss(Agent *agent, int error);

/** agent_send_to_rest: send a parked agent to rest. If it does not have its bell yet, offer it the bell instead, and return
 * true: the caller then calls agent_give_next(). */
bool agent_send_to_rest(Agent *agent);

/** agent_may_rest: whether the agent has nothing to do. If so, its state is RESTING from now on. The agent's tracer calls this,
 * without the lock. */
bool agent_may_rest(Agent *agent);
