/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages that worker and broker exchange. There are two SOCK_SEQPACKET pairs: on one the worker asks, on the other
 * the broker asks. Messages have a fixed size. Answers may come in any order. Files travel by SCM_RIGHTS. The broker treats
 * every message as an attacker's.
 *
 * Which thread may wait for which (an arrow: "may block until the other makes progress"):
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
 *     worker: time shares                     --open-->                            broker: answers
 *     worker: time shares                     --ioctl-->                           the host driver
 *     worker: jobs, questions, releases       --a change of time shares-->         worker: time shares
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
 * There is no cycle, so one thread of each sort is enough for progress. More threads only make things faster. Any arrow that
 * is added must keep the graph free of cycles.
 *
 * The last arrow: only one thread at a time waits for a guest, and only where other threads exist. Those others do the work
 * that the guest may be waiting for (kept-descriptors.h).
 *
 * The last arrow but one: a call on a file that was opened in advance waits for WORKER_GIVEN, the message that the file is
 * now a guest's. The broker sent that message before the guest had the file. A reader of questions receives the message and
 * acts on it immediately, so other readers of questions may wait for that one reader.
 *
 * "Look at a descriptor, a process": the broker's readers do not answer these two questions themselves, because looking may
 * block:
 *   - The worker may name a descriptor of any file. Before the kernel lets the broker look at the file, it asks the file's
 *     server whether the file still exists (NFS, 9P: fs/namei.c, complete_walk()). The thread that looked last may also be
 *     the one that has to take down a file system that a guest serves.
 *   - A thread that has looked at a process may hold the last reference to the process's memory. That thread then unmaps the
 *     driver's mappings (fs/proc/array.c, proc_pid_status(): mmput()).
 * Answering in the reader would not be faster either: the thread that has read a question goes on to answer it, and no
 * thread has to be woken for that (reader-pool.h).
 *
 * The broker's readers wait for nobody. Of the threads that wait for answers, one receives the answers of all. A
 * ReaderPool (reader-pool.h) always has a reader. The broker has one pool for each listener and one for its worker. The
 * worker has one pool for all devices and one for questions. The worker's readers wait for the broker's readers and for the
 * readers of questions at most. A reader answers a poll of a node's host file itself, since the driver answers that poll at
 * once.
 */
#pragma once

#include <fcntl.h>
#include <stdint.h>

/*
 * Flag of open(2) that marks an open in advance: the broker opens the file for a guest that will come later. No open for a
 * guest has this flag. The worker does not ask for a host file; WORKER_GIVEN brings the host file later. The broker clears
 * the flag before anybody gets the file.
 */
#define OPEN_IN_ADVANCE O_APPEND

/* Largest argument of an ioctl that one process may send to the other, in bytes. */
enum { BROKER_PARAMS_MAX = 192 };

/** BrokerOp: what a BrokerRequest asks for. */
typedef enum {
    BROKER_READY = 1, /* the worker's devices exist and it is locked up; no reply */
    BROKER_OPEN,      /* open a host device; the reply carries the file */
    BROKER_IDENTIFY,  /* which open file of this instance does a guest's descriptor refer to? */
    BROKER_PROCESS,   /* which process does a guest's thread belong to? */
    BROKER_MEMORY,    /* give the memory of a guest's thread that is in a call; the reply carries
                       * /proc/TID/mem and /proc/TID/comm, or is an errno of caller_memory_open()
                       * (broker/identity/caller-memory.h) */
    BROKER_INSTALL,   /* open a device without a node for a guest that waits at a listener, and put
                       * the file into the guest's table */
    BROKER_IN_GUEST,  /* make an ioctl on the host file that is sent along, in the process of a
                       * guest that waits at a listener in the same ioctl */
    BROKER_NOTICE,    /* the ledger has refusals for the broker to read; no reply */
    BROKER_NUMBER,    /* which process id has one process of the guests in another's namespace? */
    BROKER_OPENING,   /* which file is a broker's thread opening, by opening a CUSE device? */
    BROKER_RELEASED,  /* a file has been released; no reply */
} BrokerOp;

/**
 * BrokerRequest: worker to broker.
 * @serial: the reply repeats it
 * @device, @flags: BROKER_OPEN: index into the instance's devices; open(2) flags of the guest
 * @tid, @fd: BROKER_IDENTIFY: a thread as the transport named it, a descriptor number in its table
 * @opening: BROKER_OPENING: a thread as the transport named it, an index into the instance's devices
 * @released: BROKER_RELEASED: the file's id
 * @process: BROKER_PROCESS, BROKER_MEMORY: a thread as the transport named it
 * @in_guest: BROKER_IN_GUEST: the thread that waits; the argument is the first @size bytes of @params
 * @number: BROKER_NUMBER: the thread that asks, and a process, by its @process from a BROKER_PROCESS reply
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
 * @file: BROKER_IDENTIFY, BROKER_INSTALL, BROKER_OPENING: the file's id; BROKER_MEMORY: the id of the file that the call is on
 * @inode, @mount: BROKER_IDENTIFY, if the reply carries the descriptor's /proc/TID/fdinfo/FD: inode and mount id of the file,
 *     as the kernel prints them there (kept-descriptors.h)
 * @params: BROKER_IN_GUEST: the argument after the call
 * @guest_fd: BROKER_INSTALL: the guest's descriptor
 * @process, @uid: BROKER_PROCESS, BROKER_MEMORY: see GuestProcess
 * @number: BROKER_NUMBER: a process id in the namespace of the thread that asks
 * @lending: BROKER_MEMORY: the worker may keep the memory until WORKER_TAKE_BACK names this number; 0: the memory is for this
 *     call only
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
    WORKER_MAP = 1,   /* may this be mapped? The answer carries the host file. */
    WORKER_IOCTL,     /* carry this ioctl() out; its caller waits at a listener meanwhile, and the
                       * caller's memory comes along */
    WORKER_INTERRUPT, /* the caller of an ioctl() in progress has a signal */
    WORKER_TAKE_BACK, /* use this lent memory for no further call */
    WORKER_GIVEN, /* a guest gets a file opened in advance; its host file comes along. No answer */
} WorkerOp;

/**
 * WorkerQuestion: broker to worker.
 * @serial: the answer repeats it
 * @file: the file's id
 * @map: an mmap() as the guest called it, in bytes
 * @ioctl: an ioctl() as the guest called it, and the guest's thread; WORKER_INTERRUPT: the thread only. @denied: 0, or the
 *     errno for which the thread's memory does not come along, as for BROKER_MEMORY
 * @lending: WORKER_TAKE_BACK: the lending that ends
 * @given: WORKER_GIVEN: open(2) flags of the guest; the thread that opens the file, with its user and group; and @lending:
 *     if the thread's memory is lent, the number of that lending (BrokerReply), which then holds for calls on this file as
 *     well; else 0
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
