/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When an instance that a runtime started for a container has to end: as soon as nothing is left
 * that could use it. That is when the process that started it has ended (it becomes the runtime, so
 * until then the container is being made), nobody is connected to the socket, and no task is left
 * under any of the listeners. No pid is involved, so none can be taken for another, and it holds
 * however the container ends.
 */
#pragma once

#include <glib.h>

#include "cuse-server/oci/runtime/seccomp-socket.h"

typedef struct ContainerLife ContainerLife;

/**
 * container_life_new: start watching, from the default main loop.
 * @starter: a pidfd of who started the instance; owned from now on
 * @socket: the instance's, which outlives this
 * @loop: told to quit when the time has come
 */
ContainerLife *container_life_new(int starter, const SeccompSocket *socket, GMainLoop *loop);

/** container_life_add_listener: a listener came; @fd stays the caller's. */
void container_life_add_listener(ContainerLife *life, int fd);

/** container_life_check: something may have changed: a peer of the socket's has gone. */
void container_life_check(ContainerLife *life);

void container_life_free(ContainerLife *life);
