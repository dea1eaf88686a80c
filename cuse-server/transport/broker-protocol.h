/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the worker may ask of the broker: fixed-size messages over a SOCK_SEQPACKET pair, answered
 * in any order, files by SCM_RIGHTS. The broker treats every message as an attacker's.
 *
 * Who may wait for whom (an arrow: "may block until the other makes progress"):
 *
 *     broker: a thread that answers a guest   --open of our CUSE node-->           worker: jobs
 *     worker: jobs                            --open, identify-->                  broker: answers
 * to it broker: a thread that answers a worker  --identify ioctl on our CUSE file--> worker: leader
 *     broker: a thread that answers a worker  --close of a duplicate-->            worker: releases
 *     worker: releases                        --close of a host file-->            the host driver
 *     broker: a thread that answers a worker  --open of a host device-->           the host driver
 *     worker: jobs                            --ioctl, poll-->                     the host driver
 *
 * The leader of a LeaderPool, which every side has at all times, waits for nobody. There is no
 * cycle, so one thread of each sort is enough for progress, and the number of threads is a matter
 * of speed alone. Whoever adds an arrow keeps it so.
 */
#pragma once

#include <stdint.h>

/** BrokerOp: what a BrokerRequest asks for. */
typedef enum {
    BROKER_READY = 1, /* the worker's devices exist and it is locked up; no reply */
    BROKER_OPEN,      /* a host device; the reply carries the file */
    BROKER_IDENTIFY,  /* which open file of this instance is a guest's descriptor? */
} BrokerOp;

/**
 * BrokerRequest: worker to broker.
 * @serial: comes back in the reply
 * @device, @flags: BROKER_OPEN: index into the instance's devices; open(2) flags of the guest
 * @tid, @fd: BROKER_IDENTIFY: a thread as CUSE named it, a descriptor number in its table
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
    };
} BrokerRequest;

/**
 * BrokerReply: broker to worker.
 * @error: 0 or an errno
 * @file: BROKER_IDENTIFY: the file's id
 */
typedef struct {
    uint32_t serial;
    int32_t error;
    uint32_t file;
} BrokerReply;

/**
 * IDENTIFY_COMMAND: the ioctl by which the broker asks a CUSE file for its id. Its argument is a
 * secret that only the broker and the worker know; its result is the id. Not a number of the
 * driver's: those have type byte 0x46 or, for UVM, are below 0x1000 or start with 0x3000.
 */
#define IDENTIFY_COMMAND 0x6e766375u
