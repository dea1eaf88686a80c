/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's answers to guests: a seccomp listener sends every read-write open, and every mmap of a
 * shared file (guest-mmap.h). An open that names a
 * node of this instance is answered with a file of ours, everything else continues in
 * the kernel, whose own checks then decide (our nodes are on a nodev mount, so a guest that swaps a
 * path in between gains nothing).
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/broker/guest-ioctl.h"
#include "cuse-server/broker/guest-members.h"
#include "cuse-server/broker/guest-mmap.h"
#include "cuse-server/broker/openers.h"
#include "cuse-server/broker/stand-ins.h"

/**
 * ListenerConfig: what opens are answered from.
 * @stand_ins: what guests get
 * @mmap: what mmaps are answered from
 * @ioctl: what ioctls are
 * @threads: most answers in progress at once
 * @members: whoever calls is one of them from then on
 * @openers: who opened what
 */
typedef struct {
    const StandIns *stand_ins;
    GuestMmap mmap;
    GuestIoctl ioctl;
    unsigned threads;
    GuestMembers *members;
    Openers *openers;
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
