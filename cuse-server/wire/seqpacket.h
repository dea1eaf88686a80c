/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed-size messages with files, over a SOCK_SEQPACKET socket. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The most files that one message can carry. */
enum { SEQPACKET_FILES_MAX = 2 };

/** SeqpacketResult: what seqpacket_receive() or seqpacket_wait() found. */
typedef enum {
    SEQPACKET_MESSAGE, /* a message of the right size */
    SEQPACKET_NOTHING, /* there is no message right now, or a signal came first */
    SEQPACKET_GONE,    /* the other end is closed, or sent a message of another size */
} SeqpacketResult;

/**
 * seqpacket_send: send one message whole. Waits until the socket has room.
 * @fd: a file to send along, or -1; the caller keeps it
 * Returns: false with errno set if the other end is gone.
 */
bool seqpacket_send(int socket, const void *message, size_t size, int fd);

/** seqpacket_send_files: as seqpacket_send(), with @n files, at most SEQPACKET_FILES_MAX. All of them must be open. */
bool seqpacket_send_files(int socket, const void *message, size_t size, const int *fds, unsigned n);
/** seqpacket_send_now: as seqpacket_send(), but without waiting: returns false with EAGAIN if there is no room. */
bool seqpacket_send_now(int socket, const void *message, size_t size, int fd);

/**
 * seqpacket_receive: take one message of exactly @size bytes. Does not wait.
 * @fd: set to the file that came along (close-on-exec; the caller owns it), or -1
 */
SeqpacketResult seqpacket_receive(int socket, void *message, size_t size, int *fd);

/** seqpacket_receive_files: as seqpacket_receive(), for messages that may carry several files. @fds: set to the files;
 * unused elements are -1 */
SeqpacketResult seqpacket_receive_files(int socket, void *message, size_t size,
                                        int fds[SEQPACKET_FILES_MAX]);

/** seqpacket_wait: as seqpacket_receive(), but wait for a message. If several threads wait, each message wakes one. */
SeqpacketResult seqpacket_wait(int socket, void *message, size_t size, int *fd);

/** seqpacket_wait_files: as seqpacket_wait(), for messages that may carry several files. */
SeqpacketResult seqpacket_wait_files(int socket, void *message, size_t size,
                                     int fds[SEQPACKET_FILES_MAX]);
