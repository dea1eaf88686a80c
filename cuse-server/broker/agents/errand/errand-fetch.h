/* SPDX-License-Identifier: Apache-2.0 */
/* The call of an errand: pidfd_getfd(), but not out of the table of an agent. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "cuse-server/broker/agents/agent-internal.h"

/**
 * errand_fetch: have @agent's tracee, the errand, make the guest's pidfd_getfd(), unless the pidfd refers to an agent. To guests,
 * an agent's table is empty.
 * @value: set to the file's number in the errand's table, which only the broker can reach; or minus an errno
 */
TraceeResult errand_fetch(Agent *agent, int64_t *value);

/** errands_spoil: tell the errands that look into the table of thread @tid that it has become an agent: they get nothing.
 * Call with the lock held. */
void errands_spoil(const Agents *agents, pid_t tid);
