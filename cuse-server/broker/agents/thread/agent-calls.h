/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that a tracer has its agent make. All return what became of the agent's thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cuse-server/broker/agents/agent-internal.h"

/** agent_park: have @agent's tracee wait for a file (PARKING). @fd: set to the result of the wait: the file's number, or minus
 * an errno. Call without the lock. */
TraceeResult agent_park(Agent *agent, int64_t *fd);

/**
 * agent_take_file: have @agent's tracee wait for a file, and give it this file of the broker's.
 * @file: remains the caller's
 * @fd: set to its number in the tracee's table, or minus an errno
 */
TraceeResult agent_take_file(Agent *agent, int file, int64_t *fd);

/** agent_map_page: have the tracee map a page of a file in its table. @address: set to the address, or minus an errno. */
TraceeResult agent_map_page(Agent *agent, int64_t fd, int protection, int64_t *address);

TraceeResult agent_unmap_page(Agent *agent, int64_t address);

/** agent_map_flags: convert a guest's mmap() flags, so that the seccomp filter lets the agent's own call pass. */
uint64_t agent_map_flags(uint64_t flags);

/** agent_close: have the tracee close a file in its table. */
TraceeResult agent_close(Agent *agent, int64_t fd);

/** agent_is_error: whether the result of a system call is minus an errno. */
bool agent_is_error(int64_t result);
