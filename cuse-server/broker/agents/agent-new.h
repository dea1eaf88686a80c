/* SPDX-License-Identifier: Apache-2.0 */
/* Making agents with the help of a guest's thread that waits in a call. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <linux/seccomp.h>

#include "cuse-server/broker/agents/agent-internal.h"

/** AgentSort: what is to be made. @errand, @again, @ahead: as in Agent */
typedef struct {
    bool errand;
    bool again;
    bool ahead;
} AgentSort;

/**
 * agent_new: make an agent that takes the process's jobs from now on. Does not wait until it is made.
 * @listener, @notif: the call of the thread that is borrowed
 * @group: the process
 * Returns: (transfer none): the agent, which belongs to its tracer thread; NULL: the broker cannot get a thread or a descriptor
 * for it. Call with the lock held.
 */
Agent *agent_new(Agents *agents, int listener, const struct seccomp_notif *notif, pid_t group,
                 AgentSort sort);

/** agent_for: get the agent of the process, or make one as agent_new() does. Returns NULL with @error set to an errno if that is
 * not possible. Call with the lock held. */
Agent *agent_for(Agents *agents, int listener, const struct seccomp_notif *notif, pid_t group,
                 int *error);
