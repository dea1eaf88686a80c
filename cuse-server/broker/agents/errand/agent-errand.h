/* SPDX-License-Identifier: Apache-2.0 */
/* Errands: a guest's pidfd_getfd() is made by a thread that the broker controls. agent-errand.c explains them. */
#pragma once

#include <sys/types.h>

#include "cuse-server/broker/agents/agent.h"

/** agent_errand_main: the body of an errand's tracer thread: make the errand, have it make the guest's call, and clean up
 * after it. */
gpointer agent_errand_main(gpointer data);

/** errands_spoil: tell the errands that look into the table of thread @tid that it has become an agent: they get nothing.
 * Call with the lock held. */
void errands_spoil(const Agents *agents, pid_t tid);
