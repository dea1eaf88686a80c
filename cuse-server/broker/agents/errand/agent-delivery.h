/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery of a file from an errand to its caller by a message between two sockets, from one thread of the guest to the other.
 *
 * The file does not pass through the broker's own descriptor table. The broker would have to close it there. A guest can make
 * the close of a regular file or a directory take as long as it likes, because the file may be on a FUSE file system that a
 * guest serves: close() flushes, and not even SIGKILL ends that wait.
 *
 * The caller makes the sockets itself. A socket tells which process made it, even by a pidfd (SO_PEERPIDFD), so the broker's
 * own sockets must not get into a guest. The errand has the sockets from its beginning, in its copy of the caller's table.
 */
#pragma once

#include <stdint.h>

#include "cuse-server/broker/agents/agent-internal.h"

/**
 * AgentDelivery: one delivery.
 * @page: a file of one page, which the calls of both threads read and write
 * @address: its address in the guest's address space; minus an errno: it is not mapped
 * @sender, @receiver: two connected sockets, in the table of the caller and in that of the errand; -1: none. The guest may have
 *     put other files of its own under these numbers.
 */
typedef struct {
    int page;
    int64_t address;
    int sender;
    int receiver;
} AgentDelivery;

/** agent_delivery_init: prepare the page. Returns 0 or an errno. */
int agent_delivery_init(AgentDelivery *delivery);

void agent_delivery_clear(AgentDelivery *delivery);

/**
 * agent_delivery_prepare: have @agent's tracee, the caller, map the page and make the sockets. Call it before the errand is
 * made.
 * @value: set to 0 or minus an errno, as by the functions below
 */
TraceeResult agent_delivery_prepare(Agent *agent, AgentDelivery *delivery, int64_t *value);

/** agent_delivery_send: have @agent's tracee, the errand, send the file. @value: the file's number in the errand's table */
TraceeResult agent_delivery_send(Agent *agent, AgentDelivery *delivery, int64_t *value);

/**
 * agent_delivery_receive: have @agent's tracee, the caller, receive the file, close the sockets and unmap the page. Call it
 * after every agent_delivery_prepare(), even if there is nothing to receive.
 * @value: 0: receive the file, and set @value to its number; minus an errno: there is nothing to receive, and @value keeps this
 *     errno
 */
TraceeResult agent_delivery_receive(Agent *agent, AgentDelivery *delivery, int64_t *value);
