/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's questions to its worker (wire/broker-protocol.h). Any number of threads may ask at
 * once. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/broker/identity/file-key.h"
#include "cuse-server/wire/broker-protocol.h"

typedef struct WorkerLink WorkerLink;

/**
 * worker_link_new: @socket: the broker's end of the pair; stays the caller's.
 * @space: file_key_space() of the worker's files
 */
WorkerLink *worker_link_new(int socket, FileKey space);

/** worker_link_free: nobody asks any more. */
void worker_link_free(WorkerLink *link);

/**
 * worker_link_renew: ask another worker from now on; the one before has ended, and whoever still waits for its
 * answer is told so first. The old socket stays the caller's, to be closed afterwards.
 */
void worker_link_renew(WorkerLink *link, int socket, FileKey space);

/** WorkerAsked: a question on its way. It stays where it is until worker_link_wait(). */
typedef struct {
    uint32_t serial;
    bool answered;
    int error;
    int fd;
} WorkerAsked;

/**
 * worker_link_send: ask. Waits for room, which a worker that has fallen may not give, and for others who do.
 * @question: its serial and its file are set here
 * @file: what it is about; 0: no file. A file of the worker before is not asked about: to this one its number would be
 *     another's.
 * @sent: a file that goes along, or -1; stays the caller's
 */
void worker_link_send(WorkerLink *link, WorkerQuestion *question, FileKey file, int sent,
                      WorkerAsked *asked);

/**
 * worker_link_wait: wait for the answer; once.
 * @fd: set to a file that came with it, which the caller owns, or -1
 * Returns: 0 or an errno; EIO: the worker is gone, or the file was of one that is.
 */
int worker_link_wait(WorkerLink *link, WorkerAsked *asked, int *fd);

/**
 * worker_link_tell: say what has no answer. Waits for nobody but others who wait for room.
 * @question, @file, @sent: as for worker_link_send()
 * Returns: false if the worker does not hear of it: there is no room now, it is gone, or the file is not of it.
 */
bool worker_link_tell(WorkerLink *link, WorkerQuestion *question, FileKey file, int sent);

/** worker_link_ask: ask, and wait for the answer. */
int worker_link_ask(WorkerLink *link, WorkerQuestion *question, FileKey file, int sent, int *fd);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WorkerLink, worker_link_free)
