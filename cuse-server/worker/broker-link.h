/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's Host. It carries out ioctl, poll, watch and close itself, on descriptors that the worker was handed. For
 * everything else it asks the broker. Any number of threads may ask at once. One of the waiting threads receives the replies
 * for all of them.
 */
#pragma once

#include <stdbool.h>

#include "cuse-server/proxy/host.h"
#include "cuse-server/worker/memory/lent-memory.h"

typedef struct BrokerLink BrokerLink;

/** broker_link_new: create the link. @socket: the worker's end of the SOCK_SEQPACKET pair; owned by the link. */
BrokerLink *broker_link_new(int socket);

/** broker_link_keep_descriptors: from now on keep the broker's answers about descriptors of guests (kept-descriptors.h). Call
 * this before other threads use the link. A thread that identifies a descriptor may then have to wait for a guest, as long as
 * other threads do not. */
void broker_link_keep_descriptors(BrokerLink *link);

/** broker_link_know_processes: from now on look in @lent for the process of a thread before asking the broker. Call this
 * before other threads use the link. @lent: outlives the link */
void broker_link_know_processes(BrokerLink *link, LentMemories *lent);

/** broker_link_host: the Host for proxy_init(). It lives as long as the link. */
Host *broker_link_host(BrokerLink *link);

/**
 * BrokerMemory: the memory of a guest's thread.
 * @memory: /proc/TID/mem, for pread(2) and pwrite(2) at the thread's addresses
 * @thread: /proc/TID/comm, which can be read as long as the thread lives
 * @file, @lending: as in BrokerReply
 * @process: the process that the thread belongs to
 * The caller owns both descriptors.
 */
typedef struct {
    int memory;
    int thread;
    uint32_t file;
    GuestProcess process;
    uint64_t lending;
} BrokerMemory;

/**
 * broker_link_memory: ask for the memory of a guest's thread. The thread must be waiting for the answer to a call.
 * Returns: 0, or an errno with nothing open.
 */
int broker_link_memory(BrokerLink *link, pid_t tid, BrokerMemory *memory);

/**
 * broker_link_opening: ask which file a thread is opening, in its open of a CUSE device. The broker answers at once.
 * @id: set to the file's id
 * Returns: 0 or an errno. EACCES: the thread does not belong to the broker, which opens files for guests.
 */
int broker_link_opening(BrokerLink *link, pid_t tid, unsigned device, uint32_t *id);

/** broker_link_socket: the socket, for polling: it is closed at the other end when the broker is gone. */
int broker_link_socket(const BrokerLink *link);

/**
 * broker_link_next_event: wait for the next event of a watched file.
 * @file: set to the file's id
 * @events: set to POLLIN ...
 */
void broker_link_next_event(BrokerLink *link, uint32_t *file, unsigned *events);

/** broker_link_released: tell the broker that a file has been released, and drop the kept answers about its descriptors. */
void broker_link_released(BrokerLink *link, uint32_t file);

/** broker_link_ready: tell the broker that the devices exist and the worker is locked up. */
bool broker_link_ready(BrokerLink *link);

/** broker_link_notice: tell the broker that the ledger has new refusals. */
void broker_link_notice(BrokerLink *link);
