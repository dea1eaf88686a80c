/* SPDX-License-Identifier: Apache-2.0 */
/* The size of the broker's pages that agents map, and where in a guest's address space they go. */
#pragma once

#include <stdint.h>
#include <sys/mman.h>

#include "cuse-server/broker/agents/agents.h"

/** AGENT_PAGE_BYTES: a page, which an agent maps and unmaps as a whole. A machine whose kernels have pages of several sizes
 * needs the size of the running one instead. */
enum { AGENT_PAGE_BYTES = 4096 };

/** agent_page_place: flags with which an agent maps a page where it does not get in the guest's way (agent-code-MACHINE.c). */
extern const uint64_t agent_page_place;

/** AGENT_PAGE_FLAGS: flags with which an agent maps a page. */
#define AGENT_PAGE_FLAGS (MAP_SHARED | MAP_POPULATE | AGENT_MAP_MARK | agent_page_place)
