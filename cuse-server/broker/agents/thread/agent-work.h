/* SPDX-License-Identifier: Apache-2.0 */
/* How an agent waits for jobs and carries them out. */
#pragma once

#include <stdint.h>

#include "cuse-server/broker/agents/agent-internal.h"

/**
 * agent_work: let the agent work until it is told to end.
 * @error: set to an errno if a filter of the guest's own ended the agent's wait; otherwise unchanged
 */
TraceeResult agent_work(Agent *agent, int *error);

/**
 * agent_next_job: wait for a job. The agent rests meanwhile, if it is told to.
 * @job: set to the job, which becomes the caller's; NULL: the agent is told to end, or cannot wait
 * @fd: set to the number of the job's file in the agent's table
 * @error: as for agent_work()
 */
TraceeResult agent_next_job(Agent *agent, AgentJob **job, int64_t *fd, int *error);

/** agent_map: have the agent make the guest's mmap() of @job with the file @fd. @address: set to the result, or minus an
 * errno. */
TraceeResult agent_map(Agent *agent, const AgentJob *job, int64_t fd, int64_t *address);
