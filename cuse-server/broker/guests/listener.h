/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's answers to guests: a seccomp listener sends every read-write open (guest-open.h), every mmap of a shared file
 * (guest-mmap.h), and what else the container's filter has it asked about.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/broker/guests/guest-ioctl.h"
#include "cuse-server/broker/guests/guest-mmap.h"
#include "cuse-server/broker/guests/guest-open.h"

/**
 * ListenerConfig: what calls are answered from.
 * @open, @mmap, @ioctl: those of each sort
 * @threads: most answers in progress at once
 * @filters: how many filters a process is under that has given itself none; 0: as many as the first that calls
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
 * listener_start: serve a seccomp listener until no task is left that it watches.
 * @fd: the listener; owned from now on
 */
Listener *listener_start(const ListenerConfig *config, int fd);

/** listener_is_over: true if no task is left that it watches. */
bool listener_is_over(Listener *listener);

/** listener_stop: stop serving; opens that come later fail with ENOSYS in the guest. */
void listener_stop(Listener *listener);
