/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/transport/seqpacket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * #syscalls:worker sendmsg recvmsg close
 * #syscalls:broker sendmsg recvmsg close
 */

/* Aligned room for one SCM_RIGHTS message with one descriptor. */
typedef union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
} Control;

static bool send_with(int socket, const void *message, size_t size, int fd, int flags)
{
    struct iovec iov = {.iov_base = (void *)message, .iov_len = size}; // sendmsg only reads
    struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};
    Control control = {0};
    ssize_t n;

    if (fd >= 0) {
        header.msg_control = control.bytes;
        header.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&header);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    do {
        n = sendmsg(socket, &header, MSG_NOSIGNAL | flags);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)size;
}

bool seqpacket_send(int socket, const void *message, size_t size, int fd)
{
    return send_with(socket, message, size, fd, 0);
}

bool seqpacket_send_now(int socket, const void *message, size_t size, int fd)
{
    return send_with(socket, message, size, fd, MSG_DONTWAIT);
}

static SeqpacketResult receive(int socket, void *message, size_t size, int *fd, int flags)
{
    struct iovec iov = {.iov_base = message, .iov_len = size};
    Control control = {0};
    struct msghdr header = {.msg_iov = &iov,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof control.bytes};
    ssize_t n = recvmsg(socket, &header, flags | MSG_CMSG_CLOEXEC);

    *fd = -1;
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? SEQPACKET_NOTHING : SEQPACKET_GONE;
    }
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c; c = CMSG_NXTHDR(&header, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
            c->cmsg_len == CMSG_LEN(sizeof *fd)) {
            memcpy(fd, CMSG_DATA(c), sizeof *fd);
        }
    }
    if ((size_t)n != size || (header.msg_flags & MSG_TRUNC)) {
        if (*fd >= 0) {
            close(*fd);
            *fd = -1;
        }
        return SEQPACKET_GONE;
    }
    return SEQPACKET_MESSAGE;
}

SeqpacketResult seqpacket_receive(int socket, void *message, size_t size, int *fd)
{
    return receive(socket, message, size, fd, MSG_DONTWAIT);
}

SeqpacketResult seqpacket_wait(int socket, void *message, size_t size, int *fd)
{
    return receive(socket, message, size, fd, 0);
}
