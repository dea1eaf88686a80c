/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's answers to its worker: host devices opened, guests' descriptors identified. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "cuse-server/broker/slots.h"
#include "cuse-server/proxy/device.h"

/**
 * ServiceConfig: what answers are given from.
 * @socket: the broker's end of the SOCK_SEQPACKET pair
 * @host_nodes: a node file system with the host's devices in "dev", by name
 * @secret: argument of IDENTIFY_COMMAND
 * @threads: most answers in progress at once
 */
typedef struct {
    int socket;
    int host_nodes;
    const Device *devices;
    unsigned n_devices;
    Slot slot;
    uint64_t secret;
    unsigned threads;
} ServiceConfig;

typedef struct Service Service;

/** service_start: start answering; @config's devices outlive the service. */
Service *service_start(const ServiceConfig *config);

/** service_wait_ready: wait until the worker says BROKER_READY. Returns false if it does not in
 * time. */
bool service_wait_ready(Service *service, unsigned seconds);

/** service_stop: stop answering, after shutdown(2) of the socket; waits for answers in progress. */
void service_stop(Service *service);
