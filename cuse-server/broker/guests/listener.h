/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receives guests' system calls from a seccomp listener, and has each answered by the broker. The listener delivers some
 * kinds of opens (guest-open.h), every mmap of a shared file (guest-mmap.h), and the other calls that the container's
 * filter names (container/guest-filter.c).
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/broker/guests/guest-ioctl.h"
#include "cuse-server/broker/guests/guest-mmap.h"
#include "cuse-server/broker/guests/guest-open.h"

/**
 * ListenerConfig: what the answers need.
 * @open, @mmap, @ioctl: for calls of each sort
 * @threads: maximum number of answers in progress at once
 * @filters: number of seccomp filters that a process of the container is under if it has not added any itself; 0: take the
 *     number of the first process that calls
 */
typedef struct {
    GuestOpen open;
    GuestMmap mmap;
    GuestIoctl ioctl;
    unsigned threads;
    unsigned filters;
} ListenerConfig;

typedef struct Listener Listener;

/**
 * listener_start: serve a seccomp listener until it does not watch any task any more.
 * @fd: the listener; taken over
 */
Listener *listener_start(const ListenerConfig *config, int fd);

/** listener_is_over: true if the listener does not watch any task any more. */
bool listener_is_over(Listener *listener);

/** listener_stop: stop serving, and free the listener. Later calls that it would get fail with ENOSYS in the guest. */
void listener_stop(Listener *listener);
