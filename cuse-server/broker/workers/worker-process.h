/* SPDX-License-Identifier: Apache-2.0 */
/* Starts and ends the worker, which is a child of the broker or of its starter. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cuse-server/broker/files/stand-ins.h"
#include "cuse-server/wire/instance-spec.h"

/**
 * WorkerProcess: a worker that has been forked.
 * @pidfd: readable when the worker has ended
 * @socket: the broker's end of the SOCK_SEQPACKET pair on which the worker asks
 * @questions: the broker's end of the SOCK_SEQPACKET pair on which the broker asks
 * @starter: the starter whose child the worker is, or NULL if it is the broker's child
 * @told: worker_process_fate() has returned how the worker ended
 */
typedef struct {
    pid_t pid;
    int pidfd;
    int socket;
    int questions;
    const struct Starter *starter;
    bool told;
} WorkerProcess;

/** WorkerPages: the memory files that the worker shares with the broker. @ledger: the worker counts in it (wire/ledger.h);
 * @quotas: the limits that the worker reads (wire/quota/quota-page.h) */
typedef struct {
    int ledger;
    int quotas;
} WorkerPages;

/**
 * worker_process_start: execute the worker. It gets one open /dev/cuse for every device, or the open /dev/fuse of the file
 * system; afterwards no other process has these. The calling process must have one thread. The worker keeps the descriptor
 * that holds the slot, so the slot is taken for as long as the worker lives.
 */
bool worker_process_start(WorkerProcess *process, const InstanceSpec *instance, StandIns *stand_ins,
                          const WorkerPages *pages, GError **error);

/**
 * worker_process_end: end the worker, and wait until it has ended. The function shuts down both sockets, so that the worker
 * ends by itself. If it does not end in time, the function kills it. Closes the pidfd; the sockets stay the caller's.
 * @name: the name of the instance, for messages
 * Returns: false with @error if the worker does not end even then.
 */
bool worker_process_end(WorkerProcess *process, const char *name, GError **error);

/**
 * worker_process_fate: (transfer full): describe how the worker ended, as the rest of a sentence that begins with "the
 * worker ".
 */
char *worker_process_fate(WorkerProcess *process);
