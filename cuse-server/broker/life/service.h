/* SPDX-License-Identifier: Apache-2.0 */
/* Answers the worker's questions to the broker: opens host devices, identifies guests' descriptors and processes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "cuse-server/broker/agents/agents.h"
#include "cuse-server/broker/guests/guest-calls.h"
#include "cuse-server/broker/identity/guest-file.h"
#include "cuse-server/broker/identity/guest-members.h"
#include "cuse-server/broker/identity/openers.h"
#include "cuse-server/wire/device.h"

/**
 * ServiceConfig: what the service needs to answer.
 * @socket: the broker's end of the SOCK_SEQPACKET pair
 * @host_nodes: a node file system with the host's devices in "dev", by name
 * @simulated: there are no host devices; the worker gets blank files
 * @driver_mark: as in InstanceSpec
 * @driver_changed: set once the host's driver is found to have changed; then the service kills the worker, whose tables are for the
 *     driver that is gone. Atomic
 * @files: identifies guests' descriptors
 * @worker: a pidfd of the worker at the other end; the service kills the worker if it sends nonsense
 * @openers: the openers of guests' files
 * @calls: calls of guests that wait at a listener; the worker may have BROKER_INSTALL and BROKER_IN_GUEST done for them
 * @agents: make the ioctls of BROKER_IN_GUEST
 * @notices: an eventfd that the service writes to when the worker sends BROKER_NOTICE
 * @threads: how many answers may be in progress at once
 * @members: the guests' processes; the worker may ask about their threads only
 */
typedef struct {
    int socket;
    int worker;
    int host_nodes;
    bool simulated;
    int driver_mark;
    gint *driver_changed;
    const Device *devices;
    unsigned n_devices;
    GuestFiles files;
    Openers *openers;
    GuestCalls *calls;
    Agents *agents;
    int notices;
    unsigned threads;
    GuestMembers *members;
} ServiceConfig;

typedef struct Service Service;

/** service_start: start to answer. The devices in @config outlive the service. */
Service *service_start(const ServiceConfig *config);

/** service_wait_ready: wait until the worker sends BROKER_READY. Returns false if the worker does not send it in @seconds,
 * or has ended. */
bool service_wait_ready(Service *service, unsigned seconds);

/** service_stop: stop answering. Call it after shutdown(2) of the socket. Waits for answers in progress. */
void service_stop(Service *service);
