/* SPDX-License-Identifier: Apache-2.0 */
/* The worker as the broker's child: how it is started, and how it is made to end. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cuse-server/broker/instance.h"
#include "cuse-server/broker/slots.h"

/**
 * WorkerProcess: a worker that has been forked.
 * @pidfd: readable when it has ended
 * @socket: the broker's end of the SOCK_SEQPACKET pair
 */
typedef struct {
    pid_t pid;
    int pidfd;
    int socket;
} WorkerProcess;

/**
 * worker_process_start: open /dev/cuse for every device, and fork the worker with them. The process
 * must have one thread. The worker keeps the slot's lock, so the slot is taken for as long as it
 * lives.
 * @secret: argument of IDENTIFY_COMMAND
 */
bool worker_process_start(WorkerProcess *process, const InstanceConfig *config, const Slot *slot,
                          uint64_t secret, GError **error);

/**
 * worker_process_end: make it end, and wait until it has: its socket closed, it ends by itself; if
 * it does not, it is killed. Closes the descriptors.
 * @name: the instance's, for the error
 */
bool worker_process_end(WorkerProcess *process, const char *name, GError **error);
