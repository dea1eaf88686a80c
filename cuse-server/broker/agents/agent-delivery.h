/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a file gets from an errand to its caller: in a message between two sockets, from thread to thread of the guest.
 *
 * It does not go through the broker's own table. There the broker would have to close it, and to close a regular file
 * or a directory can take as long as a guest likes: it may be of a FUSE file system that a guest serves. close()
 * flushes, and not even SIGKILL ends that wait.
 *
 * The caller makes the sockets itself. A socket tells who made it, by a pidfd even (SO_PEERPIDFD): the broker's own must
 * not come into a guest. The errand has them since it is made, with its copy of the caller's table.
 */
#pragma once

#include <stdint.h>

#include "cuse-server/broker/agents/agent.h"

/**
 * AgentDelivery: one of them.
 * @page: a file, a page long: what both threads' calls read and write
 * @address: where it is in the guest's address space; minus an errno: nowhere
 * @sender, @receiver: two connected sockets, in the caller's table and the errand's; -1. The guest may have put something
 *     else of its own there.
 */
typedef struct {
    int page;
    int64_t address;
    int sender;
    int receiver;
} AgentDelivery;

/** agent_delivery_init: returns 0 or an errno. */
int agent_delivery_init(AgentDelivery *delivery);

void agent_delivery_clear(AgentDelivery *delivery);

/**
 * agent_delivery_prepare: have @agent's tracee, the caller, map the page and make the sockets. Before the errand is made.
 * @value: 0 or minus an errno; so of the others
 */
TraceeResult agent_delivery_prepare(Agent *agent, AgentDelivery *delivery, int64_t *value);

/** agent_delivery_send: have @agent's tracee, the errand, send the file. @value: its number in the errand's table */
TraceeResult agent_delivery_send(Agent *agent, AgentDelivery *delivery, int64_t *value);

/**
 * agent_delivery_receive: have @agent's tracee, the caller, receive it, and put away what it had for that. In any case
 * after agent_delivery_prepare().
 * @value: 0: receive it; minus an errno: there is nothing, and it stays so. Set to the file's number.
 */
TraceeResult agent_delivery_receive(Agent *agent, AgentDelivery *delivery, int64_t *value);
