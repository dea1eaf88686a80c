/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's questions to its worker (transport/broker-protocol.h). Any number of threads may ask at
 * once. */
#pragma once

#include <glib.h>

#include "cuse-server/transport/broker-protocol.h"

typedef struct WorkerLink WorkerLink;

/** worker_link_new: @socket: the broker's end of the pair; stays the caller's. */
WorkerLink *worker_link_new(int socket);

/** worker_link_free: nobody asks any more. */
void worker_link_free(WorkerLink *link);

/**
 * worker_link_renew: ask another worker from now on; the one before has ended, and whoever still waits for its
 * answer is told so first. The old socket stays the caller's, to be closed afterwards.
 */
void worker_link_renew(WorkerLink *link, int socket);

/**
 * worker_link_ask: ask, and wait for the answer.
 * @question: its serial is set here
 * @sent: a file that goes along, or -1; stays the caller's
 * @fd: set to a file that came with the answer, which the caller owns, or -1
 * Returns: 0 or an errno; EIO: the worker is gone.
 */
int worker_link_ask(WorkerLink *link, WorkerQuestion *question, int sent, int *fd);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WorkerLink, worker_link_free)
