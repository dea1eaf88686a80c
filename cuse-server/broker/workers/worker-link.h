/* SPDX-License-Identifier: Apache-2.0 */
/* Sends the broker's questions to its worker, and receives the answers (wire/broker-protocol.h). Any number of threads may
 * ask at once. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/broker/identity/file-key.h"
#include "cuse-server/wire/broker-protocol.h"

typedef struct WorkerLink WorkerLink;

/**
 * worker_link_new: make a link to a worker.
 * @socket: the broker's end of the socket pair; stays the caller's
 * @space: file_key_space() of the worker's files
 */
WorkerLink *worker_link_new(int socket, FileKey space);

/** worker_link_free: free the link. No thread may use it any more. */
void worker_link_free(WorkerLink *link);

/**
 * worker_link_renew: ask another worker from now on. The worker before must have ended. First, each thread that still waits
 * for its answer gets EIO, and this function waits until all have returned. The old socket stays the caller's, which closes
 * it afterwards.
 */
void worker_link_renew(WorkerLink *link, int socket, FileKey space);

/** WorkerAsked: a question that was sent. The caller must not move it in memory before worker_link_wait() returns. */
typedef struct {
    uint32_t serial;
    bool answered;
    int error;
    int fd;
} WorkerAsked;

/**
 * worker_link_send: send a question. Waits for room in the socket, and for other threads that wait for room; a compromised
 * worker may never make room.
 * @question: the function sets its serial and its file
 * @file: the file that the question is about; 0: no file. If it is a file of the worker before, the question is not sent: for
 *     the present worker, its number may name another file.
 * @sent: a file to send along, or -1; stays the caller's
 */
void worker_link_send(WorkerLink *link, WorkerQuestion *question, FileKey file, int sent,
                      WorkerAsked *asked);

/**
 * worker_link_wait: wait for the answer. Call it exactly once for each question.
 * @fd: set to a file that came with the answer, which the caller owns, or to -1
 * Returns: 0 or an errno; EIO: the worker has ended, or the file belongs to a worker that has ended.
 */
int worker_link_wait(WorkerLink *link, WorkerAsked *asked, int *fd);

/**
 * worker_link_tell: send a message that has no answer. Waits only for other threads that wait for room in worker_link_send().
 * @question, @file, @sent: as for worker_link_send()
 * Returns: false if the message is not sent: there is no room now, the worker has ended, or the file is not one of its files.
 */
bool worker_link_tell(WorkerLink *link, WorkerQuestion *question, FileKey file, int sent);

/** worker_link_ask: send a question, and wait for the answer. Parameters and result: as for the two functions above. */
int worker_link_ask(WorkerLink *link, WorkerQuestion *question, FileKey file, int sent, int *fd);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WorkerLink, worker_link_free)
