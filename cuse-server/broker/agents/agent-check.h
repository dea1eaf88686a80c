/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that an agent's ioctl() reads the parameters that it has to read. */
#pragma once

#include <linux/seccomp.h>

#include "cuse-server/broker/agents/agent-internal.h"

/** AgentCheck: a check of one agent. It holds a reference to the agent. */
typedef struct AgentCheck AgentCheck;

/** agent_issues: set the ioctl() that the agent makes from now on; NULL: none. @call outlives it. Call without the lock. */
void agent_issues(Agent *agent, const AgentCall *call);

/** agent_check_new: make a check for an agent that is in an ioctl() of its job. Returns NULL if a check of this agent is under
 * way: it also does the new one. In that case the earlier call was interrupted, and is made once more. Call with the lock
 * held. */
AgentCheck *agent_check_new(Agent *agent, const struct seccomp_notif *notif);

/**
 * agent_check_begin: run a check in a thread of its own. Does not wait, and frees the check in the end. Call without the lock.
 *
 * The check reads the list of the guest's mappings, which the guest can make long and slow to read. The reader must not do this,
 * because all calls of the container would wait for it. A thread that answers guests must not do it either: all of these threads
 * may be waiting, by way of the worker, for this very call of the agent's (wire/broker-protocol.h). There is one check at a time
 * for an agent.
 */
void agent_check_begin(AgentCheck *check);
