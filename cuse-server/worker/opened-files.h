/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host files that the worker has open: opened by the broker, followed by a remnant until the driver has released them, and
 * watched for events.
 */
#pragma once

#include <stdint.h>

#include <glib.h>

#include "cuse-server/proxy/host.h"
#include "cuse-server/worker/broker-ask.h"

/**
 * OpenedFiles: the host files.
 * @watched: epoll instance for host files
 * @probing: held while a thread asks the broker for a probe
 * @probes: device -> an open file of it, if it cannot be polled
 * @next_byte: for the next remnant
 * @followed: descriptor -> HostRemnant, of each host file that is open
 */
typedef struct {
    BrokerAsk *asks;
    int watched;
    GMutex probing;
    GMutex lock; /* guards what follows */
    GHashTable *probes;
    off_t next_byte;
    GHashTable *followed;
} OpenedFiles;

/** opened_files_init: prepare. @asks: outlives @files */
void opened_files_init(OpenedFiles *files, BrokerAsk *asks);

/** opened_files_open: open a device of the host, or use the file that this thread was brought (opened_files_bring()). Returns a
 * descriptor, or a negative errno. */
int opened_files_open(OpenedFiles *files, unsigned device, int flags);

/** opened_files_follow: follow a file that the driver made, which can be polled. Returns 0 or an errno. */
int opened_files_follow(OpenedFiles *files, int fd);

/** opened_files_close: close a file. Returns what the driver still holds of it, or NULL; see HostOps.close(). */
HostRemnant *opened_files_close(OpenedFiles *files, int fd);

/** opened_files_bring: let this thread's next open of a host device use this file, instead of asking the broker.
 * @fd: owned from now on; -1: the file did not arrive, and the open fails with ENFILE */
void opened_files_bring(int fd);

/** opened_files_bring_no_more: close the file that was brought, unless an open has used it. */
void opened_files_bring_no_more(void);

/**
 * opened_files_watch: watch a host file for events. The watch is edge-triggered, since the worker does nothing that would make a
 * ready file unready again. Closing the file ends the watch. A file that cannot be polled is not watched.
 * @id: what opened_files_next_event() calls the file
 */
void opened_files_watch(OpenedFiles *files, int fd, uint32_t id);

/** opened_files_next_event: wait for the next event of a watched file. @file: set to its id; @events: set to POLLIN ... */
void opened_files_next_event(OpenedFiles *files, uint32_t *file, unsigned *events);
