/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's answers to guests: a seccomp listener sends every read-write open; one that names a
 * node of this instance is answered with a file of our CUSE device, everything else continues in
 * the kernel, whose own checks then decide (our nodes are on a nodev mount, so a guest that swaps a
 * path in between gains nothing).
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/broker/slots.h"
#include "cuse-server/proxy/device.h"

/**
 * ListenerConfig: what opens are answered from.
 * @guest_nodes: a node file system with the instance's CUSE devices in "dev", by name
 * @threads: most answers in progress at once
 */
typedef struct {
    int guest_nodes;
    const Device *devices;
    unsigned n_devices;
    Slot slot;
    unsigned threads;
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
