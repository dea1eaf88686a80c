/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An agent that does its work without a stop.
 *
 * To have an agent make one system call under ptrace takes two stops, which are four wake-ups, so that a mapping cost 0.2 ms.
 * The stops are there because a guest can write over the code that its agent runs. Where the kernel has mseal() (Linux 6.10),
 * the agent gets code that nobody can write over, and orders that only the broker writes:
 *
 *     page     rights   what is in it      why the guest cannot change it
 *     first    r-xs     the code           the file is sealed (F_SEAL_FUTURE_WRITE): nobody gets a mapping that can be written
 *     second   r-xs     an AgentOrder      to, /proc/PID/mem included; the broker has had its own before
 *     third    rw-s     the parameters     it can: the driver writes its answer there. They are compared with what they have to be
 *                       of an ioctl()      when the call is about to begin, as for any agent (agent-params.h)
 *
 * All three are sealed in the address space as well (mseal()): they cannot be unmapped, replaced or moved. That the agent has
 * got these pages and no others, and that they are sealed, the broker sees in /proc/TID/smaps after that, when it cannot change
 * any more: what the calls returned may be lies of a filter of the guest's. Where the kernel does not show the seal ("sl" among
 * VmFlags), an agent works with stops.
 *
 * The code waits for a file, as every agent does (agents.c), in a call whose last two arguments say which order it has carried
 * out, and with which result. If the wait ends with AGENT_JOB_FD, it makes the call of the order, closes the file if there is one,
 * and waits again. If it ends with anything else, the code ends: no filter of the guest's can have a wait end with that number,
 * so nothing but the broker's answer has an order carried out, and once. A wait that was interrupted begins again with the number of
 * the order before. Orders are written with the lock held, while the agent waits.
 * Its tracer waits for its end, and holds up exec() and the process's end as before.
 *
 * Only an agent that is made ahead is prepared for this: a filter of the guest's own could kill for what the
 * preparation calls. On older kernels, and where the guest's policy does not let a file in memory be executed, an agent
 * works with stops.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cuse-server/broker/agents/agent.h"

/** agent_loop_prepare: the agent's tracer, before the agent gets any work: have it map the pages. @agent->loop is set if it
 * has them; if not, it works with stops, which is no error. */
TraceeResult agent_loop_prepare(Agent *agent);

/** agent_loop_run: the agent's tracer: let it work, until it has ended. */
TraceeResult agent_loop_run(Agent *agent);

/* With the lock held, while it waits. None of these waits for more than a page of ours, which the guest can have put into swap. */

/** agent_loop_order_job: what it is to do with the file that it is given next. */
void agent_loop_order_job(Agent *agent, const AgentJob *job);

/** agent_loop_order_rest: it is to wait for its bell; its wait is to be answered. */
void agent_loop_order_rest(Agent *agent);

/** agent_loop_order_unmap: it is to undo a mapping; its wait is to be answered. */
void agent_loop_order_unmap(Agent *agent, uint64_t address, uint64_t length);

/**
 * agent_loop_result: what is said by the wait that it begins: true: it has carried out the last order.
 * @result: of the order's call, or minus an errno
 */
bool agent_loop_result(const Agent *agent, const struct seccomp_notif *notif, int64_t *result);

/** agent_loop_is_unmapping: is the last order to undo a mapping? If it has not been carried out, its wait is to be answered
 * once more. */
bool agent_loop_is_unmapping(const Agent *agent);

/** agent_loop_is_wait: whether this is the call in which it waits. */
bool agent_loop_is_wait(const struct seccomp_notif *notif);

/** agent_loop_has_params: are the parameters of the ioctl() that it is at where the driver is to read them? */
bool agent_loop_has_params(const Agent *agent, const AgentIoctl *what);

/** agent_loop_take_params: copy what the driver wrote. */
void agent_loop_take_params(const Agent *agent, const AgentIoctl *what);

/** agent_loop_free: the agent is gone. @loop: or NULL */
void agent_loop_free(AgentLoop *loop);
