/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parameters of an agent's ioctl(). They are in a page of memory that the guest has in its address space while the call
 * lasts, because the driver reads them there and writes its answer there. So the guest can write to the page, and put another
 * page in its place.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <glib.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/agents/agents.h"
#include "cuse-server/broker/agents/thread/agent-page.h"

/**
 * AgentParams: the parameters that a call is to read.
 * @fd: the file of the page; owned; -1: there is none
 */
typedef struct {
    int fd;
    size_t size;
    uint8_t bytes[AGENT_PARAMS_MAX];
} AgentParams;

/**
 * agent_page_new: make a page that an agent is to map. It is shared: the broker and the agent see each other's writes. It has
 * no memory until the agent maps it. That memory is then charged to the guest's control group.
 * Returns: a file of one page, or -1 with errno set.
 */
int agent_page_new(void);

/**
 * agent_page_is_sealed: whether one or more pages of the file @fd are mapped exactly from @address to @end in a thread's
 * address space, and sealed there. The kernel's list tells this (VmFlags in /proc/TID/smaps). The result of mseal() does not: a
 * filter of the guest's own can fake it. Reads the list of the thread's mappings, which takes as long as the guest makes it
 * take.
 */
bool agent_page_is_sealed(int fd, pid_t tid, uint64_t address, uint64_t end);

/**
 * agent_params_are_there: whether the page still holds the parameters, and is mapped at @address in a thread's address space.
 * Does not read the guest's memory, because the guest can make that take for ever. It reads the file, and the list of the
 * thread's mappings. That takes as long as the guest makes it take, so do not call this where other guests' calls would have to
 * wait.
 */
bool agent_params_are_there(const AgentParams *params, pid_t tid, uint64_t address);

static inline void agent_params_clear(AgentParams *params)
{
    close_if_open(params->fd);
    params->fd = -1;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AgentParams, agent_params_clear)
