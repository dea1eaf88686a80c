/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An agent that works without stops.
 *
 * Under ptrace, each system call of an agent takes two stops, which are four wake-ups. A mapping then takes 0.2 ms. The stops
 * are there because a guest can overwrite the code that its agent runs. Where the kernel has mseal() (Linux 6.10), the agent
 * gets code that the guest cannot overwrite, and orders that only the broker writes:
 *
 *     page     rights   what is in it      why the guest cannot change it
 *     first    r-xs     the code           the file is sealed (F_SEAL_FUTURE_WRITE): no process gets a mapping that can be
 *     second   r-xs     an AgentOrder      written to, not even by /proc/PID/mem; the broker made its own mapping before
 *     third    rw-s     the parameters     it can: the driver writes its answer there. When the call is about to begin, the
 *                       of an ioctl()      broker compares them with what they have to be, as for any agent (agent-params.h)
 *
 * All three pages are also sealed in the address space (mseal()): they cannot be unmapped, replaced or moved. Afterwards, when
 * nothing can change any more, the broker reads in /proc/TID/smaps that the agent has exactly these pages, and that they are
 * sealed. It does not rely on the results of the calls, because a filter of the guest's own can fake them. Where the kernel
 * does not show the seal ("sl" among VmFlags), the agent works with stops.
 *
 * The loop of the code:
 *
 * 1. The code waits for a file, as every agent does (agents.c). The last two arguments of this call report the number of the
 *    order that it has carried out, and the result.
 * 2. If the wait returns AGENT_JOB_FD, the code makes the call of the order, closes the file if there is one, and waits again.
 * 3. If the wait returns anything else, the code ends the thread.
 *
 * No filter of the guest's can make the wait return AGENT_JOB_FD. So only the broker's answer makes the code carry out an
 * order, and exactly once. A wait that was interrupted begins again and reports the number of the order before. The broker
 * writes orders with the lock held, while the agent waits. The agent's tracer waits for the agent's end, and holds up exec()
 * and the end of the process, as it does for an agent with stops.
 *
 * Only an agent that is made ahead is prepared to work without stops, because a filter that the guest has added could kill the
 * process for the system calls of the preparation. An agent works with stops on older kernels, and where the guest's policy
 * does not allow to execute a file in memory.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cuse-server/broker/agents/agent-internal.h"

/** agent_loop_prepare: have the agent map the pages. The agent's tracer calls this before the agent gets any work. Sets
 * @agent->loop if the agent has the pages. If not, the agent works with stops, which is not an error. */
TraceeResult agent_loop_prepare(Agent *agent);

/** agent_loop_run: let the agent work until it has ended. The agent's tracer calls this. */
TraceeResult agent_loop_run(Agent *agent);

/* Call the functions below with the lock held, while the agent waits. They wait for at most one page of the broker's,
 * which the guest can have caused to be swapped out. */

/** agent_loop_order_job: order the agent to carry out @job with the file that the caller hands it afterwards. */
void agent_loop_order_job(Agent *agent, const AgentJob *job);

/** agent_loop_order_rest: order the agent to wait for its bell. The caller then answers its wait. */
void agent_loop_order_rest(Agent *agent);

/** agent_loop_order_unmap: order the agent to undo a mapping. The caller then answers its wait. */
void agent_loop_order_unmap(Agent *agent, uint64_t address, uint64_t length);

/**
 * agent_loop_result: read what the agent reports in the wait that it begins.
 * @result: set to the result of the order's call, or minus an errno
 * Returns: true if the agent has carried out the last order.
 */
bool agent_loop_result(const Agent *agent, const struct seccomp_notif *notif, int64_t *result);

/** agent_loop_is_unmapping: whether the last order is to undo a mapping. If it has not been carried out, the caller
 * answers the agent's wait once more. */
bool agent_loop_is_unmapping(const Agent *agent);

/** agent_loop_is_wait: whether this is the call in which the agent waits. */
bool agent_loop_is_wait(const struct seccomp_notif *notif);

/** agent_loop_has_params: whether the page that the driver is to read holds the parameters of the agent's ioctl(). */
bool agent_loop_has_params(const Agent *agent, const AgentIoctl *what);

/** agent_loop_take_params: copy the driver's answer to @what. */
void agent_loop_take_params(const Agent *agent, const AgentIoctl *what);

/** agent_loop_free: free the state of an agent that has ended. @loop: may be NULL */
void agent_loop_free(AgentLoop *loop);
