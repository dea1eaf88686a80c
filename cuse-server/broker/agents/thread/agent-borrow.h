/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowing the guest's thread with whose help an agent or an errand is made. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cuse-server/broker/agents/agent-internal.h"

/**
 * agent_borrow: take hold of the thread that waits in @agent->starter, and end its call. The thread does not see the result,
 * because it stops on the way out of the kernel.
 * @error: set to the errno with which the call was answered
 * Returns: false if the thread cannot be used. Its call is then answered, if it still waited.
 */
bool agent_borrow(Agent *agent, int *error);

/** AgentOutcome: how the borrowed thread goes on: it repeats its call, or gets a result of the call. */
typedef struct {
    bool repeats;
    int64_t value;
} AgentOutcome;

/**
 * agent_give_back: let the borrowed thread go on. From now on the tracer holds the agent alone.
 * @regs: the registers that the thread had when it was borrowed; changed
 * @blocked: the signals that the thread blocks
 * Returns: false if the thread is being killed, or has ended.
 */
bool agent_give_back(Agent *agent, TraceeRegs *regs, uint64_t blocked, const AgentOutcome *outcome);
