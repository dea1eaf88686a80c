/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The code of an agent that works without stops (agent-loop.h). It depends on the machine: agent-code-MACHINE.c.
 *
 * The code uses no stack, and no memory but the order. It keeps the result of the last order's call and that order's number in
 * registers:
 *
 *     for ever:
 *         fd = mmap(0, 0, PROT_NONE, MAP_SHARED, NUMBER, RESULT)     the wait: agents.c
 *         if fd is not AGENT_JOB_FD: exit(0)
 *         NUMBER = order.number
 *         RESULT = the system call order.call with order.args
 *         if order.closes: close(AGENT_JOB_FD)
 */
#pragma once

#include <stdint.h>

#include "cuse-server/broker/agents/agent-internal.h"

/**
 * AgentOrder: what the agent is to do next.
 * @number: of this order; the agent reports it once it has carried the order out
 * @call, @args: the system call
 * @closes: not 0: close AGENT_JOB_FD afterwards
 */
struct AgentOrder {
    uint64_t number;
    uint64_t call;
    uint64_t args[6];
    uint64_t closes;
};

/** agent_code_write: write the code to a page. */
void agent_code_write(uint8_t *page);

/**
 * agent_code_start: set the registers with which a thread starts the code. It begins with a wait that reports order 0.
 * @regs: of a thread that the broker holds
 * @code, @order: addresses in the thread's address space: where the code begins, and of the AgentOrder
 */
void agent_code_start(TraceeRegs *regs, uint64_t code, uint64_t order);
