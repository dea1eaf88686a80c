/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host as the proxy sees it. The worker's Host makes system calls and asks the broker; the
 * tests' Host is a table in memory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cuse-server/wire/guest-process.h"

typedef struct Host Host;

/** HostRemnant: a host file that was closed, and that the driver has not released yet: a guest maps it, or
 * another file of the driver's refers to it. */
typedef struct HostRemnant HostRemnant;

/* An ioctl's argument, its parameters, and three arrays. */
enum { HOST_BUFFERS_MAX = 5 };

/**
 * HostBuffer: bytes of ours that the driver reads and writes in an ioctl.
 * @copy: the private copy of guest memory that they are, or that they stand for
 * @from, @offset: the buffer, and the place in it, that has the address of this one; not of the first, which is the argument
 */
typedef struct {
    void *at;
    size_t size;
    const void *copy;
    unsigned from;
    size_t offset;
} HostBuffer;

/** HostCall: an ioctl on a file of the host's, and all that the driver is to reach from its argument. */
typedef struct {
    int fd;
    uint32_t command;
    unsigned n_buffers; /* 0: a null argument */
    HostBuffer buffers[HOST_BUFFERS_MAX];
} HostCall;

/** host_call_begin: @argument: a private struct of @size bytes, or NULL */
static inline void host_call_begin(HostCall *call, int fd, uint32_t command, void *argument,
                                   size_t size)
{
    call->fd = fd;
    call->command = command;
    call->n_buffers = argument ? 1 : 0;
    call->buffers[0] = (HostBuffer){.at = argument, .size = size, .copy = argument};
}

/** host_call_argument: NULL: there is none. */
static inline void *host_call_argument(const HostCall *call)
{
    return call->n_buffers > 0 ? call->buffers[0].at : NULL;
}

/** HostOps: every function may block, and may be called from many threads at once. */
typedef struct {
    /**
     * open: open a host device.
     * @device: index into the instance's devices
     * @flags: open(2) flags of the guest; only the access mode reaches the host
     * Returns a file descriptor for ioctl() and close(), or -errno; ENFILE: there is none left for the file, or for
     * what is to tell after its close() whether it remains.
     */
    int (*open)(Host *host, unsigned device, int flags);
    /**
     * follow: be able to tell of a file that the driver has made (in an ioctl), as of one that open() has opened,
     * whether it remains after its close().
     * Returns 0 or an errno: close() will say that nothing is left of it.
     */
    int (*follow)(Host *host, int fd);
    /** ioctl: Returns 0 or an errno. */
    int (*ioctl)(Host *host, const HostCall *call);
    /** close: (transfer full): NULL if nothing is left of the file; else what is to be asked about by remains(),
     * and given to forget(). */
    HostRemnant *(*close)(Host *host, int fd);
    /** remains: whether the driver still has the file. Waits for nobody. */
    bool (*remains)(Host *host, const HostRemnant *remnant);
    void (*forget)(Host *host, HostRemnant *remnant);
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
    /**
     * process: which process a thread belongs to.
     * @tid: as the transport names it
     * @uid: by whose rights it calls, as the kernel told: an answer may be kept for it; HOST_ANY_USER: it did not
     * Returns 0, or ESRCH if it is no more.
     */
    int (*process)(Host *host, pid_t tid, uint32_t uid, GuestProcess *process);
    /**
     * number: the process id that a guest's process has for another.
     * @tid: a thread of the process that asks, as the transport names it
     * @id: see GuestProcess
     * Returns 0, or ESRCH if the process is no more, or the other cannot see it.
     */
    int (*number)(Host *host, pid_t tid, uint64_t id, uint32_t *number);
    /**
     * ioctl_in_guest: the same as ioctl, made from inside the address space of a guest's process,
     * because the driver would act on that of the task that calls.
     * @tid: a thread of the process, which waits for the answer to this very call
     * @call: its argument is copied into the process for the call and back after it, and leads nowhere else
     * Returns 0 or an errno; EOPNOTSUPP or EBUSY: nothing was done, for no call can be made in there.
     */
    int (*ioctl_in_guest)(Host *host, pid_t tid, const HostCall *call);
    /**
     * install: open a device of the instance for the process that calls, as if it had done so itself
     * with O_RDWR | O_CLOEXEC.
     * @tid: as for ioctl_in_guest
     * @device: index into the instance's devices
     * @guest_fd, @id: set to the descriptor in that process, and the new file's id
     * Returns 0 or an errno.
     */
    int (*install)(Host *host, pid_t tid, unsigned device, int *guest_fd, uint32_t *id);
} HostOps;

struct Host {
    const HostOps *ops;
};

/** host_close: close a file that is no guest's. */
static inline void host_close(Host *host, int fd)
{
    HostRemnant *remnant = host->ops->close(host, fd);

    if (remnant) {
        host->ops->forget(host, remnant);
    }
}
