/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What worker and broker may ask of each other: fixed-size messages over two SOCK_SEQPACKET pairs, one
 * for each direction of asking, answered in any order, files by SCM_RIGHTS. The broker treats every
 * message as an attacker's.
 *
 * Who may wait for whom (an arrow: "may block until the other makes progress"):
 *
 *     broker: a thread that answers a guest   --open of one of our files-->        worker: jobs
 *     worker: jobs                            --open, identify, process, memory,
 *                                               number-->                          broker: answers
 *     worker: releases                        --close of a host file-->            the host driver
 *     broker: a thread that answers a worker  --open of a host device-->           the host driver
 *     broker: a thread that answers a worker  --look at a descriptor, a process--> a file's server, the host driver
 *     worker: jobs                            --ioctl, poll of a dma-buf-->        the host driver
 *     broker: a thread that answers a guest   --question-->                        worker: questions
 *     broker: a thread that answers a guest   --close of a host file-->            the host driver
 *     broker: a thread that answers a guest   --an agent that is being made-->     broker: an agent's tracer
 *     broker: an agent's tracer               --mmap by its agent-->               the host driver
 *     broker: an agent's tracer               --notification of its agent's-->     broker: readers
 *     broker: an agent's tracer               --check of its agent's ioctl-->      broker: the check's own thread
 *     worker: questions                       --open, identify, process, memory,
 *                                               number, install, in guest-->       broker: answers
 *     worker: questions                       --ioctl-->                           the host driver
 *     broker: a thread that answers a worker  --job-->                             broker: an agent's tracer
 *     broker: an agent's tracer               --ioctl by its agent-->              the host driver
 *     broker: a thread that answers a worker  --open of a device without a node--> worker: readers
 *     worker: readers                         --opening-->                         broker: readers
 *     worker: releases                        --released-->                        broker: readers
 *     broker: the watch of calls              --question (interrupt)-->            worker: readers of questions
 *     broker: an agent's tracer               --question (take back)-->            worker: readers of questions
 *     worker: readers of questions            --close of a host file-->            the host driver
 *     broker: a thread that answers a guest   --open of a host device-->           the host driver
 *     broker: the thread that opens spares    --open of one of our files-->        worker: readers
 *     worker: readers, jobs, questions        --a file that a guest was given-->   worker: readers of questions
 *     worker: one of jobs and questions       --look at a descriptor-->            a guest
 *
 * The last arrow is one thread's at a time, and only where there are others, which do what that guest may be waiting for
 * (kept-descriptors.h).
 *
 * The last but one: whoever calls on a file that was opened in advance waits for the word that it is a guest's, which was sent
 * before that guest had the file. A reader of questions takes it and acts on it there and then, so others of them may wait
 * for that one.
 *
 * A descriptor that the worker names may be of any file: the kernel asks that one's server whether it is still there before
 * it is looked at (NFS, 9P: fs/namei.c, complete_walk()), and whoever looked at it last may be the one to take down a file
 * system that a guest serves. Whoever has looked at a process may be the last to have its memory, and unmaps what is the
 * driver's (fs/proc/array.c, proc_pid_status(): mmput()). So the broker's reader answers neither itself. That would be no
 * faster either: the thread that has read a question goes on to answer it, and nobody is woken for that (reader-pool.h).
 *
 * The broker's readers wait for nobody. Answers are received by one of those that wait for them. A
 * ReaderPool (reader-pool.h) has a reader at all times: the broker has one for each listener and one for its
 * worker, the worker one for all devices and one for questions. The worker's wait for these at most. A poll
 * of a node's host file is answered by the reader itself, since the driver answers it at once. There is no
 * cycle, so one thread of each sort is enough for progress, and the number of threads is a matter of speed
 * alone. Whoever adds an arrow keeps it so.
 */
#pragma once

#include <fcntl.h>
#include <stdint.h>

/*
 * A flag of open(2) that no open for a guest has: the broker opens the file in advance, for a guest to come. The worker asks
 * for no host file, which WORKER_GIVEN brings. The broker takes the flag off before anybody has the file.
 */
#define OPEN_IN_ADVANCE O_APPEND

/* Bytes of an ioctl's argument that one process may give the other. */
enum { BROKER_PARAMS_MAX = 192 };

/** BrokerOp: what a BrokerRequest asks for. */
typedef enum {
    BROKER_READY = 1, /* the worker's devices exist and it is locked up; no reply */
    BROKER_OPEN,      /* a host device; the reply carries the file */
    BROKER_IDENTIFY,  /* which open file of this instance is a guest's descriptor? */
    BROKER_PROCESS,   /* which process is a guest's thread of? */
    BROKER_MEMORY,    /* of a guest's thread that is in a call; the reply carries /proc/TID/mem and
                       * /proc/TID/comm, or is an errno of caller_memory_open() (broker/identity/caller-memory.h) */
    BROKER_INSTALL,   /* a device without a node, opened for a guest that waits at a listener */
    BROKER_IN_GUEST, /* an ioctl on the host file that is sent along, made in the process of a guest
                       * that waits at a listener in the same ioctl */
    BROKER_NOTICE,   /* there are refusals in the ledger to be read; no reply */
    BROKER_NUMBER,   /* which number has a process of the guests for another? */
    BROKER_OPENING,  /* which file is it that a thread of the broker's opens a CUSE device as? */
    BROKER_RELEASED, /* a file is; no reply */
} BrokerOp;

/**
 * BrokerRequest: worker to broker.
 * @serial: comes back in the reply
 * @device, @flags: BROKER_OPEN: index into the instance's devices; open(2) flags of the guest
 * @tid, @fd: BROKER_IDENTIFY: a thread as the transport named it, a descriptor number in its table
 * @opening: a thread as the transport named it, an index into the instance's devices
 * @released: the file's id
 * @process: BROKER_PROCESS, BROKER_MEMORY: a thread as the transport named it
 * @in_guest: BROKER_IN_GUEST: the thread that waits; the argument is the first @size bytes of @params
 * @number: BROKER_NUMBER: the thread that asks, and a process as BROKER_PROCESS told it
 * @install: BROKER_INSTALL: the thread that waits, and an index into the instance's devices
 */
typedef struct {
    uint32_t op;
    uint32_t serial;
    union {
        struct {
            uint32_t device;
            uint32_t flags;
        } open;
        struct {
            int32_t tid;
            int32_t fd;
        } identify;
        struct {
            int32_t tid;
            uint32_t device;
        } opening;
        struct {
            uint32_t file;
        } released;
        struct {
            int32_t tid;
        } process;
        struct {
            int32_t tid;
            uint64_t process;
        } number;
        struct {
            int32_t tid;
            uint32_t device;
        } install;
        struct {
            int32_t tid;
            uint32_t command;
            uint32_t size;
            uint8_t params[BROKER_PARAMS_MAX];
        } in_guest;
    };
} BrokerRequest;

/**
 * BrokerReply: broker to worker.
 * @error: 0 or an errno
 * @file: BROKER_IDENTIFY, BROKER_INSTALL, BROKER_OPENING: the file's id; BROKER_MEMORY: of the file that the call is on
 * @inode, @mount: BROKER_IDENTIFY, if the reply carries the descriptor's /proc/TID/fdinfo/FD: of the file, as the kernel names
 *     them there (kept-descriptors.h)
 * @params: BROKER_IN_GUEST: the argument after the call
 * @guest_fd: BROKER_INSTALL: the guest's descriptor
 * @process, @uid: BROKER_PROCESS, BROKER_MEMORY: see GuestProcess
 * @number: BROKER_NUMBER: a process id in the namespace of the thread that asks
 * @lending: BROKER_MEMORY: the memory may be kept until WORKER_TAKE_BACK names this number; 0: it is for this call only
 */
typedef struct {
    uint32_t serial;
    int32_t error;
    uint32_t file;
    uint32_t uid;
    uint64_t process;
    uint64_t lending;
    uint64_t inode;
    uint64_t mount;
    int32_t guest_fd;
    uint32_t number;
    uint8_t params[BROKER_PARAMS_MAX];
} BrokerReply;

/** WorkerOp: what a WorkerQuestion asks. */
typedef enum {
    WORKER_MAP = 1, /* may this be mapped? The answer carries the host file. */
    WORKER_IOCTL,   /* carry this ioctl() out, whose caller waits at a listener meanwhile, and whose
                       * memory comes along */
    WORKER_INTERRUPT, /* the caller of an ioctl() that is being carried out has a signal */
    WORKER_TAKE_BACK, /* memory that was lent is not to be used for any call to come */
    WORKER_GIVEN, /* a file that was opened in advance is a guest's; its host file comes along. No answer */
} WorkerOp;

/**
 * WorkerQuestion: broker to worker.
 * @serial: comes back in the answer
 * @file: the file's id
 * @map: an mmap() as the guest called it, in bytes
 * @ioctl: an ioctl() as the guest called it, and its thread; WORKER_INTERRUPT: the thread only. @denied: the errno
 *     for which its memory does not come along, as for BROKER_MEMORY; or 0
 * @lending: WORKER_TAKE_BACK: which
 * @given: open(2) flags of the guest, and its thread, which is its opener, with its user and group; and the lending that the
 *     thread's memory is of, if it is lent (BrokerReply), or 0: then it is for calls on this file as well
 */
typedef struct {
    uint32_t op;
    uint32_t serial;
    uint32_t file;
    union {
        struct {
            uint64_t length;
            uint64_t offset;
        } map;
        struct {
            int32_t tid;
            uint32_t command;
            uint64_t argument;
            uint32_t denied;
        } ioctl;
        uint64_t lending;
        struct {
            uint32_t flags;
            int32_t tid;
            uint32_t uid;
            uint32_t gid;
            uint64_t lending;
        } given;
    };
} WorkerQuestion;

/**
 * WorkerAnswer: worker to broker.
 * @error: 0 or an errno
 */
typedef struct {
    uint32_t serial;
    int32_t error;
} WorkerAnswer;
