/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/agent/scan-ways.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Newer than the headers. */
enum { OP_FIXED_FD_INSTALL = 54, PASS_PIDFD = 76, MESSAGE_PIDFD = 4 };

enum { ENTRIES = 4, STACK = 65536, LINK = 64 };

/* --- io_uring ---------------------------------------------------------------------------------- */

/* An io_uring with one call at a time. */
typedef struct {
    int fd;
    unsigned char *base;
    struct io_uring_params params;
    struct io_uring_sqe *calls;
} Ring;

static atomic_uint *field(const Ring *ring, unsigned offset)
{
    return (atomic_uint *)(void *)(ring->base + offset);
}

static bool ring_map(Ring *ring)
{
    const struct io_uring_params *params = &ring->params;
    const size_t size = params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe);
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
                      (off_t)IORING_OFF_SQ_RING);
    void *calls = mmap(NULL, params->sq_entries * sizeof *ring->calls, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_POPULATE, ring->fd, (off_t)IORING_OFF_SQES);

    ring->base = base;
    ring->calls = calls;
    return base != MAP_FAILED && calls != MAP_FAILED;
}

/* The ring has a table of files of its own, with one free place. */
static bool ring_make(Ring *ring)
{
    const int none = -1;

    ring->fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &ring->params);
    if (ring->fd < 0) {
        return false;
    }
    return ring_map(ring) &&
           syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_FILES, &none, 1) == 0;
}

/* Returns: the result of the call, or a negative errno value. */
static int ring_call(Ring *ring, const struct io_uring_sqe *call)
{
    const struct io_sqring_offsets *sq = &ring->params.sq_off;
    const struct io_cqring_offsets *cq = &ring->params.cq_off;
    unsigned tail = atomic_load(field(ring, sq->tail));
    unsigned place = tail & atomic_load(field(ring, sq->ring_mask));
    unsigned head = atomic_load(field(ring, cq->head));

    ring->calls[place] = *call;
    atomic_store(field(ring, sq->array) + place, place);
    atomic_store(field(ring, sq->tail), tail + 1);
    while (atomic_load(field(ring, cq->tail)) == head) {
        unsigned waits = atomic_load(field(ring, sq->head)) == tail;
        if (syscall(SYS_io_uring_enter, ring->fd, waits, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0 &&
            errno != EINTR) {
            return -errno;
        }
    }
    const struct io_uring_cqe *answers = (const void *)(ring->base + cq->cqes);
    int result = answers[head & atomic_load(field(ring, cq->ring_mask))].res;
    atomic_store(field(ring, cq->head), head + 1);
    return result;
}

/* Install a file of the ring's table in the process's table. */
static int ring_take_out(Ring *ring)
{
    const struct io_uring_sqe call = {
        .opcode = OP_FIXED_FD_INSTALL, .flags = IOSQE_FIXED_FILE, .fd = 0};

    return ring_call(ring, &call);
}

int ring_open(const char *path, int flags, bool direct)
{
    static Ring ring;
    static pid_t owner;

    /* A child does not have its parent's ring. */
    if (owner != getpid()) {
        owner = getpid();
        ring = (Ring){.fd = -1};
        if (!ring_make(&ring)) {
            ring.fd = -1;
        }
    }
    if (ring.fd < 0) {
        return -1;
    }
    const struct io_uring_sqe call = {
        .opcode = IORING_OP_OPENAT,
        .fd = AT_FDCWD,
        .addr = (uintptr_t)path,
        .open_flags = (__u32)(direct ? flags & ~O_CLOEXEC : flags),
        .file_index = direct ? 1 : 0,
    };
    int result = ring_call(&ring, &call);
    result = direct && result >= 0 ? ring_take_out(&ring) : result;
    return result < 0 ? -1 : result;
}

/* --- messages ---------------------------------------------------------------------------------- */

typedef union {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))];
} Control;

static bool send_as(int socket, pid_t tid)
{
    const struct ucred credentials = {.pid = tid, .uid = geteuid(), .gid = getegid()};
    char byte = 'x';
    struct iovec iov = {&byte, 1};
    Control control = {.head = {.cmsg_len = CMSG_LEN(sizeof credentials),
                                .cmsg_level = SOL_SOCKET,
                                .cmsg_type = SCM_CREDENTIALS}};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = CMSG_SPACE(sizeof credentials)};

    memcpy(CMSG_DATA(&control.head), &credentials, sizeof credentials);
    return sendmsg(socket, &message, MSG_DONTWAIT) == 1;
}

static int receive_pidfd(int socket)
{
    char byte;
    struct iovec iov = {&byte, 1};
    Control control;
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    int fd = -1;

    if (recvmsg(socket, &message, MSG_DONTWAIT) < 0) {
        return -1;
    }
    for (struct cmsghdr *at = CMSG_FIRSTHDR(&message); at; at = CMSG_NXTHDR(&message, at)) {
        if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == MESSAGE_PIDFD) {
            memcpy(&fd, CMSG_DATA(at), sizeof fd);
        }
    }
    return fd < 0 ? -1 : fd;
}

static bool passes_pidfds(int socket)
{
    const int on = 1;

    return setsockopt(socket, SOL_SOCKET, PASS_PIDFD, &on, sizeof on) == 0;
}

int credentials_pidfd(pid_t tid)
{
    int ends[2];
    int fd;

    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return -1;
    }
    fd = passes_pidfds(ends[1]) && send_as(ends[0], tid) ? receive_pidfd(ends[1]) : -1;
    close(ends[0]);
    close(ends[1]);
    return fd;
}

bool kernel_has_credentials_pidfd(void)
{
    int end = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool has = end >= 0 && passes_pidfds(end);

    if (end >= 0) {
        close(end);
    }
    return has;
}

/* --- what is shared ----------------------------------------------------------------------------- */

bool is_same_file(int fd, pid_t tid, int number)
{
    return syscall(SYS_kcmp, getpid(), tid, KCMP_FILE, fd, number) == 0;
}

bool has_other_namespaces(pid_t tid)
{
    static const char *const names[] = {"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"};
    char path[64];
    bool other = false;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char own[LINK] = "";
        char its[LINK] = "";
        (void)snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
        ssize_t n = readlink(path, own, sizeof own - 1);
        (void)snprintf(path, sizeof path, "/proc/%d/ns/%s", tid, names[i]);
        other =
            other || (n > 0 && readlink(path, its, sizeof its - 1) > 0 && strcmp(own, its) != 0);
    }
    return other;
}

static int call_act(void *data)
{
    int (**act)(void) = data;

    return (*act)();
}

int in_shared_table(int (*act)(void))
{
    static char stack[STACK] __attribute__((aligned(16)));
    int how = 0;
    pid_t child = clone(call_act, stack + sizeof stack, CLONE_FILES | SIGCHLD, (void *)&act);

    return child > 0 && waitpid(child, &how, 0) == child && WIFEXITED(how) ? WEXITSTATUS(how) : 0;
}
