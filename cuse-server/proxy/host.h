/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interface through which the proxy reaches the host. The worker's Host makes system calls and asks the
 * broker. The tests' Host is a table in memory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cuse-server/wire/guest-process.h"

typedef struct Host Host;

/** HostRemnant: a closed host file that the driver has not released yet, because a guest maps it or
 * another file of the driver refers to it. */
typedef struct HostRemnant HostRemnant;

/* The argument of an ioctl, its parameters, and three arrays. */
enum { HOST_BUFFERS_MAX = 5 };

/**
 * HostBuffer: memory of the proxy that the driver reads and writes in an ioctl.
 * @copy: the private copy of guest memory that the buffer is, or that it replaces; NULL: neither
 * @from, @offset: index of the buffer that contains the address of this one, and the offset of the address in it, in bytes.
 * Unused for the first buffer, which is the argument
 */
typedef struct {
    void *at;
    size_t size;
    const void *copy;
    unsigned from;
    size_t offset;
} HostBuffer;

/** HostCall: an ioctl on a host file, with every buffer that the driver can reach from its argument. */
typedef struct {
    int fd;
    uint32_t command;
    unsigned n_buffers; /* 0: a null argument */
    HostBuffer buffers[HOST_BUFFERS_MAX];
} HostCall;

/** host_call_begin: start a call that has no buffer but its argument. @argument: a private struct of @size bytes, or NULL */
static inline void host_call_begin(HostCall *call, int fd, uint32_t command, void *argument,
                                   size_t size)
{
    call->fd = fd;
    call->command = command;
    call->n_buffers = argument ? 1 : 0;
    call->buffers[0] = (HostBuffer){.at = argument, .size = size, .copy = argument};
}

/** host_call_argument: the argument of a call; NULL if the call passes a null pointer. */
static inline void *host_call_argument(const HostCall *call)
{
    return call->n_buffers > 0 ? call->buffers[0].at : NULL;
}

/** HostOps: what a Host implements. Every function may block unless its comment excludes it, and many threads may call
 * it at once. */
typedef struct {
    /**
     * open: open a host device.
     * @device: index into the instance's devices
     * @flags: open(2) flags of the guest; only the access mode reaches the host
     * Returns a file descriptor for ioctl() and close(), or -errno. -ENFILE: no descriptor is left for the file, or for
     * the remnant that tells after close() whether the driver still has the file.
     */
    int (*open)(Host *host, unsigned device, int flags);
    /**
     * follow: prepare a file that the driver has made in an ioctl, so that close() can return a remnant of it. open()
     * does the same for the files that it opens.
     * Returns 0 or an errno. After an error, close() of this file returns NULL.
     */
    int (*follow)(Host *host, int fd);
    /** ioctl: make the call. Returns 0 or an errno. */
    int (*ioctl)(Host *host, const HostCall *call);
    /** close: close a file. Returns (transfer full): NULL if the driver has released the file; else a remnant,
     * which the caller passes to remains(), and in the end to forget(). */
    HostRemnant *(*close)(Host *host, int fd);
    /** remains: whether the driver still has the file. Does not block. */
    bool (*remains)(Host *host, const HostRemnant *remnant);
    void (*forget)(Host *host, HostRemnant *remnant);
    /** poll: which of @events (POLLIN ...) a file has now. Does not wait. The driver may clear the events that it
     * reports. */
    unsigned (*poll)(Host *host, int fd, unsigned events);
    /**
     * watch: call proxy_file_event() for every event of a file, from now until the file is closed. Does nothing
     * for a file that cannot be polled.
     * @id: the file's id, for proxy_file_event()
     */
    void (*watch)(Host *host, int fd, uint32_t id);
    /**
     * identify: find the open file of this instance that a guest's descriptor refers to.
     * @tid: the calling thread, as the transport names it
     * @guest_fd: a descriptor number in that thread's table
     * @id: set to the file's id
     * Returns 0, or EBADF if the descriptor is closed or refers to no file of this instance.
     */
    int (*identify)(Host *host, pid_t tid, int guest_fd, uint32_t *id);
    /**
     * process: find the process that a thread belongs to.
     * @tid: the thread, as the transport names it
     * @uid: the user with whose rights the thread calls, as the kernel reported it: the host may keep its answer for
     * the thread and this user. HOST_ANY_USER: the kernel did not report it
     * Returns 0, or ESRCH if the process has ended. An id of 0 with 0 returned (a recording can hold it) means the same as ESRCH.
     */
    int (*process)(Host *host, pid_t tid, uint32_t uid, GuestProcess *process);
    /**
     * number: get the process id of a guest's process, as another process of the guest sees it.
     * @tid: a thread of the process that sees it, as the transport names it
     * @id: the process that is seen; see GuestProcess
     * @number: set to the process id
     * Returns 0, or ESRCH if the process has ended, or is not visible to the process of @tid.
     */
    int (*number)(Host *host, pid_t tid, uint64_t id, uint32_t *number);
    /**
     * ioctl_in_guest: make an ioctl from inside a guest's process, because the driver acts on the address space
     * of the task that calls.
     * @tid: a thread of the process; it waits for the answer to this very call
     * @call: has no buffer but its argument. The argument is copied into the process before the call, and back after it
     * Returns 0 or an errno. EOPNOTSUPP or EBUSY: nothing was done, because no call can be made inside the process.
     */
    int (*ioctl_in_guest)(Host *host, pid_t tid, const HostCall *call);
    /**
     * install: open a device of the instance in the calling process, as if the process had opened it itself
     * with O_RDWR | O_CLOEXEC.
     * @tid: as for ioctl_in_guest
     * @device: index into the instance's devices
     * @guest_fd, @id: set to the descriptor in that process, and to the new file's id
     * Returns 0 or an errno.
     */
    int (*install)(Host *host, pid_t tid, unsigned device, int *guest_fd, uint32_t *id);
} HostOps;

struct Host {
    const HostOps *ops;
};

/** host_close: close a host file that does not belong to a guest, and forget its remnant. */
static inline void host_close(Host *host, int fd)
{
    HostRemnant *remnant = host->ops->close(host, fd);

    if (remnant) {
        host->ops->forget(host, remnant);
    }
}
