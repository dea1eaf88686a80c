/* SPDX-License-Identifier: Apache-2.0 */
/* The jobs of an agent: how they end, and how an agent is given the file of the next one. agents.c explains the life of an
 * agent. */
#pragma once

#include "cuse-server/broker/agents/agent-internal.h"

/** agent_job_end: free a job that was carried out or never will be. Tells the thread that waits for an ioctl(). A guest
 * that waits in mmap() is not answered here: the code that knows the result answers it. May be called with the lock held. */
void agent_job_end(AgentJob *job, int error);

/**
 * agent_job_fail: end a job that no agent was given. Answers the guest that waits in mmap(), and closes the job's file.
 * @listener: where to answer
 * @job: freed
 */
void agent_job_fail(int listener, AgentJob *job, int error);

/** agent_drop_given: drop a job whose file the agent was given, but which it did not report as done. Its guest is gone, or a
 * filter of the guest's own has kept the agent from reporting. Call with the lock held. */
void agent_drop_given(Agent *agent);

/**
 * agent_give_next: as long as the agent waits and there is a file for it, give it the file, which ends its wait. If the agent
 * rests, ring its bell. The agent's own thread puts the file into its table, so this waits until that thread is scheduled. Call
 * without the lock, and with a reference: the lock is not held while the file is given.
 */
void agent_give_next(Agent *agent);
