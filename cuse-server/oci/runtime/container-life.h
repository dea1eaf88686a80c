/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides when an instance that a runtime started for a container has to end: as soon as nothing is
 * left that could use it. That is when all of these hold:
 * 1. The process that started the instance has ended. This process becomes the runtime, so until
 *    then the container is being made.
 * 2. No peer is connected to the socket.
 * 3. No task is left under any of the listeners.
 *
 * No pid is involved, so no process can be mistaken for another. The rule works however the
 * container ends.
 */
#pragma once

#include <glib.h>

#include "cuse-server/oci/runtime/seccomp-socket.h"

typedef struct ContainerLife ContainerLife;

/**
 * container_life_new: start watching, from the default main loop.
 * @starter: a pidfd of the process that started the instance; owned by the new object
 * @socket: the instance's socket, which must outlive the new object
 * @loop: the main loop that quits when the instance has to end
 */
ContainerLife *container_life_new(int starter, const SeccompSocket *socket, GMainLoop *loop);

/** container_life_add_listener: watch a new listener. @fd stays the caller's. */
void container_life_add_listener(ContainerLife *life, int fd);

/** container_life_check: check soon whether the instance has to end. Call this when a peer of the
 * socket has gone. */
void container_life_check(ContainerLife *life);

void container_life_free(ContainerLife *life);
