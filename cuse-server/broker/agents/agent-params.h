/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parameters of an agent's ioctl(): a page of memory that the guest has in its address space while the call
 * lasts, since the driver reads them and writes its answer there. So the guest can write to it, and put another page
 * in its place.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <glib.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/agents/agents.h"

enum { AGENT_PAGE_BYTES = 4096 };

/**
 * AgentParams: what a call is to read.
 * @fd: the page; owned; -1: there is none
 */
typedef struct {
    int fd;
    size_t size;
    uint8_t bytes[AGENT_PARAMS_MAX];
} AgentParams;

/**
 * agent_page_new: a page for an agent to map: shared, so that what is written there is seen here, and the other way round.
 * It has no memory yet: that comes when the agent maps it, and is the guest's, as its control group sees it.
 * Returns: a file of its size, or -1 with errno set.
 */
int agent_page_new(void);

/**
 * agent_page_is_sealed: is a page of ours, or several, mapped from @address to @end and no further in a thread's address space,
 * and sealed there? The kernel says so (VmFlags in /proc/TID/smaps): what mseal() returned may be a lie of the guest's
 * filter. Reads the list of its mappings, which takes as long as the guest makes it.
 */
bool agent_page_is_sealed(int fd, pid_t tid, uint64_t address, uint64_t end);

/**
 * agent_params_are_there: does this page hold them still, and is it at that address in a thread's address space? The
 * guest's memory is not read, which it could have taken for ever, but the file is, and its maps: which takes as long as
 * the guest makes them, so nothing that others wait for may come to this.
 */
bool agent_params_are_there(const AgentParams *params, pid_t tid, uint64_t address);

static inline void agent_params_clear(AgentParams *params)
{
    close_if_open(params->fd);
    params->fd = -1;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AgentParams, agent_params_clear)
