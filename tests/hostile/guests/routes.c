/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Try every way to a device node that avoids the broker. A line for each way: "WAY: ERRNO" or "WAY: opened MAJOR", with the
 * major number of the opened device: 195 would be the driver's.
 *
 * usage: routes UVM_MAJOR
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define NODE "/dev/nvidiactl"

/* Report the result of a way: a descriptor, which is closed, or a negative errno value. */
static void say(const char *way, long fd)
{
    struct stat st;

    if (fd < 0) {
        printf("%s: %s\n", way, strerrorname_np((int)-fd));
    } else if (fstat((int)fd, &st) == 0 && S_ISCHR(st.st_mode)) {
        printf("%s: opened %u\n", way, major(st.st_rdev));
    } else {
        printf("%s: opened no device\n", way);
    }
    if (fd >= 0) {
        close((int)fd);
    }
}

static long result(long value)
{
    return value < 0 ? -errno : value;
}

static void open_flags(void)
{
    say("reading", result(open(NODE, O_RDONLY)));
    say("writing", result(open(NODE, O_WRONLY)));
    say("creating", result(open(NODE, O_RDWR | O_CREAT, 0600)));
    say("truncating", result(open(NODE, O_RDONLY | O_TRUNC)));
    say("access mode 3", result(open(NODE, O_ACCMODE)));
    int path = open(NODE, O_PATH);
    char proc[64];
    snprintf(proc, sizeof proc, "/proc/self/fd/%d", path);
    say("a path, reopened for reading", result(open(proc, O_RDONLY)));
    close(path);
}

static void open_calls(void)
{
    struct open_how how = {.flags = O_RDWR};

    say("openat2", result(syscall(SYS_openat2, AT_FDCWD, NODE, &how, sizeof how)));
    say("creat", result(creat(NODE, 0600)));
}

/* Open through io_uring: the kernel's own thread or this one does it, and no seccomp filter sees the call. */
static long ring_open(void)
{
    struct io_uring_params params = {0};
    int ring = (int)syscall(SYS_io_uring_setup, 4, &params);

    if (ring < 0) {
        return -errno;
    }
    size_t sq_size = params.sq_off.array + params.sq_entries * sizeof(uint32_t);
    size_t cq_size = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
    char *sq = mmap(NULL, sq_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
    char *cq = mmap(NULL, cq_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
    struct io_uring_sqe *sqe = mmap(NULL, params.sq_entries * sizeof *sqe, PROT_READ | PROT_WRITE,
                                    MAP_SHARED, ring, IORING_OFF_SQES);
    if (sq == MAP_FAILED || cq == MAP_FAILED || sqe == MAP_FAILED) {
        return -errno;
    }
    *sqe = (struct io_uring_sqe){
        .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)NODE, .open_flags = O_RDWR};
    *(uint32_t *)(void *)(sq + params.sq_off.array) = 0;
    __atomic_store_n((uint32_t *)(void *)(sq + params.sq_off.tail), 1, __ATOMIC_RELEASE);
    if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0) {
        return -errno;
    }
    long opened = ((struct io_uring_cqe *)(void *)(cq + params.cq_off.cqes))->res;
    close(ring);
    return opened;
}

static long handle_open(void)
{
    union {
        struct file_handle handle;
        char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } at = {.handle.handle_bytes = MAX_HANDLE_SZ};
    int mount_id;
    int mount_fd = open("/dev", O_RDONLY | O_DIRECTORY);

    if (name_to_handle_at(AT_FDCWD, NODE, &at.handle, &mount_id, 0) < 0) {
        return -errno;
    }
    long fd = result(open_by_handle_at(mount_fd, &at.handle, O_RDONLY));
    close(mount_fd);
    return fd;
}

static long node_open(const char *path, unsigned major_no, unsigned minor_no)
{
    unlink(path);
    if (mknod(path, S_IFCHR | 0666, makedev(major_no, minor_no)) < 0) {
        return -errno;
    }
    long fd = result(open(path, O_RDONLY));
    unlink(path);
    return fd;
}

static long tmpfs_open(void)
{
    if (mount("none", "/mnt", "tmpfs", 0, NULL) < 0) {
        return -errno;
    }
    return node_open("/mnt/node", 195, 255);
}

static void made_nodes(unsigned uvm_major)
{
    say("mknod in /tmp", node_open("/tmp/hostile-node", 195, 255));
    say("mknod in /dev/shm", node_open("/dev/shm/hostile-node", 195, 255));
    say("mknod of nvidia-uvm", node_open("/tmp/hostile-node", uvm_major, 0));
    say("a file system of its own", tmpfs_open());
    say("remounted with devices", mount(NULL, "/dev", NULL, MS_REMOUNT | MS_BIND, NULL) < 0
                                      ? -errno
                                      : result(open(NODE, O_RDONLY)));
    say("devtmpfs", mount("none", "/mnt", "devtmpfs", 0, NULL) < 0
                        ? -errno
                        : result(open("/mnt/nvidiactl", O_RDONLY)));
}

/* The first process of the pid namespace, and its parents if they are visible. */
static void other_roots(void)
{
    say("root of process 1", result(open("/proc/1/root/dev/nvidiactl", O_RDONLY)));
    say("working directory of process 1", result(open("/proc/1/cwd/dev/nvidiactl", O_RDONLY)));
    say("the file that init was started from", result(open("/proc/1/fd/3", O_RDWR)));
}

/* A descriptor from the broker can be passed on, and stays the same file. */
static void passed(void)
{
    int pair[2];
    int fd = open(NODE, O_RDWR);
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.header = {CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS}};
    char byte = 0;
    struct iovec iov = {&byte, 1};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};

    say("as it is meant", fd < 0 ? -errno : dup(fd));
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || sendmsg(pair[0], &message, 0) < 0 ||
        recvmsg(pair[1], &message, 0) < 0) {
        say("passed over a socket", -errno);
        return;
    }
    close(fd);
    memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
    say("passed over a socket", fd);
}

int main(int argc, char **argv)
{
    unsigned uvm_major = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;

    open_flags();
    open_calls();
    say("io_uring", ring_open());
    say("a file handle", handle_open());
    made_nodes(uvm_major);
    other_roots();
    passed();
    return 0;
}
