/* SPDX-License-Identifier: Apache-2.0 */
/* The worker as a child of the broker or of its starter: how it is started, and how it is made to end. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cuse-server/broker/files/stand-ins.h"
#include "cuse-server/broker/life/instance.h"

/**
 * WorkerProcess: a worker that has been forked.
 * @pidfd: readable when it has ended
 * @socket: the broker's end of the SOCK_SEQPACKET pair on which the worker asks
 * @questions: the broker's end of the one on which the broker asks
 * @starter: whose child it is, or NULL: it is the broker's own
 * @told: its fate has been told
 */
typedef struct {
    pid_t pid;
    int pidfd;
    int socket;
    int questions;
    const struct Starter *starter;
    bool told;
} WorkerProcess;

/**
 * worker_process_start: execute the worker, with a /dev/cuse for every device, or the /dev/fuse of the file
 * system, which is then its alone. The process
 * must have one thread. The worker keeps the lock of a slot, so the slot is taken for as long as it
 * lives.
 * @ledger_fd: the page that it counts in
 */
bool worker_process_start(WorkerProcess *process, const InstanceConfig *config, StandIns *stand_ins,
                          int ledger_fd, GError **error);

/**
 * worker_process_end: make it end, and wait until it has: its socket closed, it ends by itself; if
 * it does not, it is killed. Closes the descriptors.
 * @name: the instance's, for the error
 */
bool worker_process_end(WorkerProcess *process, const char *name, GError **error);

/**
 * worker_process_fate: (transfer full): how it ended, as the rest of a sentence that begins with "the
 * worker ".
 */
char *worker_process_fate(WorkerProcess *process);
