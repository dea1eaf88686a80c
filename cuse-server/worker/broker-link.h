/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's Host: ioctl and close on descriptors it was handed, everything else by asking the
 * broker. Any number of threads may ask at once; one of those that wait receives the replies
 * of all.
 */
#pragma once

#include <stdbool.h>

#include "cuse-server/proxy/host.h"
#include "cuse-server/worker/memory/lent-memory.h"

typedef struct BrokerLink BrokerLink;

/** broker_link_new: @socket: the worker's end of the SOCK_SEQPACKET pair; owned by the link. */
BrokerLink *broker_link_new(int socket);

/** broker_link_keep_descriptors: from now on, before others use the link, keep what the broker says of descriptors of guests
 * (kept-descriptors.h). A thread that identifies one may have to wait for a guest then, while others do not. */
void broker_link_keep_descriptors(BrokerLink *link);

/** broker_link_know_processes: from now on, before others use the link, whose thread one is of which memory was lent is not
 * asked. @lent: outlives the link */
void broker_link_know_processes(BrokerLink *link, LentMemories *lent);

/** broker_link_host: the Host for proxy_init(); lives as long as the link. */
Host *broker_link_host(BrokerLink *link);

/**
 * BrokerMemory: the memory of a guest's thread.
 * @memory: /proc/TID/mem, for pread(2) and pwrite(2) at its addresses
 * @thread: /proc/TID/comm, which can be read as long as the thread lives
 * @file, @lending: as in BrokerReply
 * @process: whose it is
 * Both descriptors are the caller's.
 */
typedef struct {
    int memory;
    int thread;
    uint32_t file;
    GuestProcess process;
    uint64_t lending;
} BrokerMemory;

/**
 * broker_link_memory: ask for the memory of a guest's thread, which waits for the answer to a call.
 * Returns: 0 or an errno, with nothing open.
 */
int broker_link_memory(BrokerLink *link, pid_t tid, BrokerMemory *memory);

/**
 * broker_link_bring: what this thread opens next of a host device's is this file, which the broker has sent: nobody is asked.
 * @fd: or -1: it did not get here: the open fails with ENFILE. Owned from now on
 */
void broker_link_bring(int fd);

/** broker_link_bring_no_more: if nothing has been opened, what was brought is closed. */
void broker_link_bring_no_more(void);

/**
 * broker_link_opening: which file a thread is opening a CUSE device as. The broker answers at once.
 * @id: set to the file's id
 * Returns: 0 or an errno: EACCES: the thread is not the broker's, which opens files for guests.
 */
int broker_link_opening(BrokerLink *link, pid_t tid, unsigned device, uint32_t *id);

/** broker_link_socket: to poll for its end: the broker is gone then. */
int broker_link_socket(const BrokerLink *link);

/**
 * broker_link_next_event: wait for an event of a watched file.
 * @file: the file's id
 * @events: POLLIN ...
 */
void broker_link_next_event(BrokerLink *link, uint32_t *file, unsigned *events);

/** broker_link_released: tell the broker that a file is, and drop what is kept of its descriptors. */
void broker_link_released(BrokerLink *link, uint32_t file);

/** broker_link_ready: tell the broker that the devices exist and the worker is locked up. */
bool broker_link_ready(BrokerLink *link);

/** broker_link_notice: tell the broker that there are refusals in the ledger to be read. */
void broker_link_notice(BrokerLink *link);
