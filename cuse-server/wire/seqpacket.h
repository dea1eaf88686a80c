/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed-size messages with files, over a SOCK_SEQPACKET socket. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Files that one message can carry. */
enum { SEQPACKET_FILES_MAX = 2 };

/** SeqpacketResult: what seqpacket_receive() or seqpacket_wait() found. */
typedef enum {
    SEQPACKET_MESSAGE, /* a message of the right size */
    SEQPACKET_NOTHING, /* none right now, or a signal came first */
    SEQPACKET_GONE,    /* the other end is closed, or sent something else */
} SeqpacketResult;

/**
 * seqpacket_send: send one message whole; waits for room.
 * @fd: a file to send along, or -1; stays the caller's
 * Returns: false with errno set if the other end is gone.
 */
bool seqpacket_send(int socket, const void *message, size_t size, int fd);

/** seqpacket_send_files: the same with @n files, all of them open, at most SEQPACKET_FILES_MAX. */
bool seqpacket_send_files(int socket, const void *message, size_t size, const int *fds, unsigned n);
/** seqpacket_send_now: the same, but does not wait: false with EAGAIN if there is no room. */
bool seqpacket_send_now(int socket, const void *message, size_t size, int fd);

/**
 * seqpacket_receive: take one message of exactly @size bytes; does not wait.
 * @fd: set to the file that came along (close-on-exec; the caller's), or -1
 */
SeqpacketResult seqpacket_receive(int socket, void *message, size_t size, int *fd);

/** seqpacket_receive_files: the same of a message that may carry more files. @fds: set to them; those that did not come
 * to -1 */
SeqpacketResult seqpacket_receive_files(int socket, void *message, size_t size,
                                        int fds[SEQPACKET_FILES_MAX]);

/** seqpacket_wait: the same, but waits for one. Of several threads that do, each message wakes one. */
SeqpacketResult seqpacket_wait(int socket, void *message, size_t size, int *fd);

/** seqpacket_wait_files: the same of a message that may carry more files. */
SeqpacketResult seqpacket_wait_files(int socket, void *message, size_t size,
                                     int fds[SEQPACKET_FILES_MAX]);
