/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/wire/seqpacket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cuse-server/base/close-if-open.h"

/*
 * #syscalls:worker sendmsg recvmsg close
 * #syscalls:broker sendmsg recvmsg close
 */

/* Aligned buffer for one SCM_RIGHTS message. */
typedef union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(SEQPACKET_FILES_MAX * sizeof(int))];
} Control;

static bool send_with(int socket, const void *message, size_t size, const int *fds, unsigned n,
                      int flags)
{
    struct iovec iov = {.iov_base = (void *)message, .iov_len = size}; // sendmsg only reads
    struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};
    Control control = {0};
    ssize_t sent;

    if (n > 0) {
        header.msg_control = control.bytes;
        header.msg_controllen = CMSG_SPACE(n * sizeof *fds);
        struct cmsghdr *c = CMSG_FIRSTHDR(&header);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(n * sizeof *fds);
        memcpy(CMSG_DATA(c), fds, n * sizeof *fds);
    }
    do {
        sent = sendmsg(socket, &header, MSG_NOSIGNAL | flags);
    } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)size;
}

bool seqpacket_send(int socket, const void *message, size_t size, int fd)
{
    return send_with(socket, message, size, &fd, fd >= 0 ? 1 : 0, 0);
}

bool seqpacket_send_now(int socket, const void *message, size_t size, int fd)
{
    return send_with(socket, message, size, &fd, fd >= 0 ? 1 : 0, MSG_DONTWAIT);
}

bool seqpacket_send_files(int socket, const void *message, size_t size, const int *fds, unsigned n)
{
    return send_with(socket, message, size, fds, n, 0);
}

/* Copy the files of a message to @fds. A control message with more than @max files is ignored. */
static void take_files(struct msghdr *header, int *fds, unsigned max)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
            c->cmsg_len <= CMSG_LEN(max * sizeof *fds)) {
            memcpy(fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
        }
    }
}

/* Receive one message with up to @max files. The kernel drops further files. */
static SeqpacketResult receive(int socket, void *message, size_t size, int *fds, unsigned max,
                               int flags)
{
    struct iovec iov = {.iov_base = message, .iov_len = size};
    Control control = {0};
    struct msghdr header = {.msg_iov = &iov,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = CMSG_LEN(max * sizeof *fds)};
    ssize_t n = recvmsg(socket, &header, flags | MSG_CMSG_CLOEXEC);

    for (unsigned i = 0; i < max; i++) {
        fds[i] = -1;
    }
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? SEQPACKET_NOTHING : SEQPACKET_GONE;
    }
    take_files(&header, fds, max);
    if ((size_t)n == size && !(header.msg_flags & MSG_TRUNC)) {
        return SEQPACKET_MESSAGE;
    }
    for (unsigned i = 0; i < max; i++) {
        close_if_open(fds[i]);
        fds[i] = -1;
    }
    return SEQPACKET_GONE;
}

SeqpacketResult seqpacket_receive(int socket, void *message, size_t size, int *fd)
{
    return receive(socket, message, size, fd, 1, MSG_DONTWAIT);
}

SeqpacketResult seqpacket_receive_files(int socket, void *message, size_t size,
                                        int fds[SEQPACKET_FILES_MAX])
{
    return receive(socket, message, size, fds, SEQPACKET_FILES_MAX, MSG_DONTWAIT);
}

SeqpacketResult seqpacket_wait(int socket, void *message, size_t size, int *fd)
{
    return receive(socket, message, size, fd, 1, 0);
}

SeqpacketResult seqpacket_wait_files(int socket, void *message, size_t size,
                                     int fds[SEQPACKET_FILES_MAX])
{
    return receive(socket, message, size, fds, SEQPACKET_FILES_MAX, 0);
}
