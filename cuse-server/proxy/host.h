/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host as the proxy sees it. The worker's Host makes system calls and asks the broker; the
 * tests' Host is a table in memory.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

typedef struct Host Host;

/** HostOps: every function may block, and may be called from many threads at once. */
typedef struct {
    /**
     * open: open a host device.
     * @device: index into the instance's devices
     * @flags: open(2) flags of the guest; only the access mode reaches the host
     * Returns a file descriptor for ioctl() and close(), or -errno.
     */
    int (*open)(Host *host, unsigned device, int flags);
    /** ioctl: @argument is a private buffer, a plain value or NULL. Returns 0 or an errno. */
    int (*ioctl)(Host *host, int fd, uint32_t command, void *argument);
    void (*close)(Host *host, int fd);
    /** poll: which of @events (POLLIN ...) a file has now; does not wait. A driver may count it as
     * read. */
    unsigned (*poll)(Host *host, int fd, unsigned events);
    /**
     * watch: from now until it is closed, tell proxy_file_event() of every event of a file, under
     * the file's
     * @id. Files that cannot be polled are left alone.
     */
    void (*watch)(Host *host, int fd, uint32_t id);
    /**
     * identify: which of this instance's open files a guest's descriptor is.
     * @tid: the calling thread, as the transport names it
     * @guest_fd: a descriptor number in that thread's table
     * @id: set to the file's id
     * Returns 0, or EBADF if it is closed or not a file of this instance.
     */
    int (*identify)(Host *host, pid_t tid, int guest_fd, uint32_t *id);
} HostOps;

struct Host {
    const HostOps *ops;
};
