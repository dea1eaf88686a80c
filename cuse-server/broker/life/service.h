/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's answers to its worker: host devices opened, guests' descriptors identified. */
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
 * ServiceConfig: what answers are given from.
 * @socket: the broker's end of the SOCK_SEQPACKET pair
 * @host_nodes: a node file system with the host's devices in "dev", by name
 * @simulated: there are none, the worker gets blank files
 * @files: what tells a guest's descriptors
 * @worker: a pidfd of the worker at the other end, which is killed if it sends nonsense
 * @openers: of guests' files
 * @calls: of guests, that the worker may have things done for
 * @agents: that do them
 * @notices: an eventfd that is written to when the worker says BROKER_NOTICE
 * @threads: most answers in progress at once
 * @members: whose threads the worker may ask about
 */
typedef struct {
    int socket;
    int worker;
    int host_nodes;
    bool simulated;
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

/** service_start: start answering; @config's devices outlive the service. */
Service *service_start(const ServiceConfig *config);

/** service_wait_ready: wait until the worker says BROKER_READY. Returns false if it does not in
 * time. */
bool service_wait_ready(Service *service, unsigned seconds);

/** service_stop: stop answering, after shutdown(2) of the socket; waits for answers in progress. */
void service_stop(Service *service);
