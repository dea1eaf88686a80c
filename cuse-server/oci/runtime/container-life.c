/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/runtime/container-life.h"

#include <fcntl.h>
#include <unistd.h>

#include <glib-unix.h>

/* #syscalls:broker fcntl close */

struct ContainerLife {
    const SeccompSocket *socket;
    GMainLoop *loop;
    guint listeners;
    guint pending; /* source of a scheduled check, or 0 */
    bool starter_ended;
};

/* Check whether the instance has to end. This runs at a low priority, so every peer that connected
 * before the starter ended has been accepted by now. */
static gboolean check(gpointer data)
{
    ContainerLife *life = data;

    life->pending = 0;
    if (life->starter_ended && life->listeners == 0 && !seccomp_socket_has_peers(life->socket)) {
        g_main_loop_quit(life->loop);
    }
    return G_SOURCE_REMOVE;
}

void container_life_check(ContainerLife *life)
{
    if (!life->pending) {
        life->pending = g_idle_add_full(G_PRIORITY_LOW, check, life, NULL);
    }
}

static gboolean on_starter_ended(gint fd, GIOCondition condition, gpointer data)
{
    ContainerLife *life = data;

    (void)condition;
    close(fd);
    life->starter_ended = true;
    container_life_check(life);
    return G_SOURCE_REMOVE;
}

static gboolean on_listener_over(gint fd, GIOCondition condition, gpointer data)
{
    ContainerLife *life = data;

    (void)condition;
    close(fd);
    life->listeners--;
    container_life_check(life);
    return G_SOURCE_REMOVE;
}

ContainerLife *container_life_new(int starter, const SeccompSocket *socket, GMainLoop *loop)
{
    ContainerLife *life = g_new0(ContainerLife, 1);

    life->socket = socket;
    life->loop = loop;
    g_unix_fd_add(starter, G_IO_IN, on_starter_ended, life);
    return life;
}

void container_life_add_listener(ContainerLife *life, int fd)
{
    int watched = fcntl(fd, F_DUPFD_CLOEXEC, 3);

    /* A listener hangs up when the last task under it has gone. If its descriptor cannot be
     * duplicated, nothing watches it, and only the poststop hook ends the instance. */
    life->listeners++;
    if (watched >= 0) {
        g_unix_fd_add(watched, G_IO_HUP, on_listener_over, life);
    }
}

void container_life_free(ContainerLife *life)
{
    if (life->pending) {
        g_source_remove(life->pending);
    }
    g_free(life);
}
