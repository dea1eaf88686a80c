/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a file gets from an errand to its caller: in a message between two sockets, from thread to thread of the guest.
 *
 * It does not go through the broker's own table. There the broker would have to close it, and to close a regular file
 * or a directory can take as long as a guest likes: it may be of a FUSE file system that a guest serves. close()
 * flushes, and not even SIGKILL ends that wait.
 */
#pragma once

#include <stdint.h>

#include "cuse-server/broker/agent.h"

/**
 * AgentDelivery: one of them.
 * @sender, @receiver: two connected sockets, until the threads have them; -1
 * @page: a file, a page long: what both threads' calls read and write
 * @number: the receiver, in the caller's table
 * @address: where the page is in the guest's address space; minus an errno: nowhere
 */
typedef struct {
    int sender;
    int receiver;
    int page;
    int64_t number;
    int64_t address;
} AgentDelivery;

/** agent_delivery_init: returns 0 or an errno. */
int agent_delivery_init(AgentDelivery *delivery);

void agent_delivery_clear(AgentDelivery *delivery);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AgentDelivery, agent_delivery_clear)

/**
 * agent_delivery_expect: have @agent's tracee, the caller, take the receiving end. So the broker has none when
 * something is in it, and what is never received is closed by the guest.
 * @value: 0 or minus an errno; so of the others
 */
TraceeResult agent_delivery_expect(Agent *agent, AgentDelivery *delivery, int64_t *value);

/** agent_delivery_send: have @agent's tracee, the errand, send the file. @value: its number in the errand's table */
TraceeResult agent_delivery_send(Agent *agent, AgentDelivery *delivery, int64_t *value);

/** agent_delivery_receive: have @agent's tracee, the caller, receive it, and put away what it had for that. @value: 0: receive it; minus
 * an errno: there is nothing, and it stays so. Set to the file's number. */
TraceeResult agent_delivery_receive(Agent *agent, AgentDelivery *delivery, int64_t *value);
