/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/signals.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <glib-unix.h>

/*
 * #syscalls:broker read
 * #syscalls:before rt_sigprocmask rt_sigaction signalfd4
 */

static const int watched[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

typedef struct {
    SignalFunc func;
    gpointer data;
} Watch;

static gboolean on_readable(gint fd, GIOCondition condition, gpointer data)
{
    const Watch *watch = data;
    struct signalfd_siginfo info;

    (void)condition;
    if (read(fd, &info, sizeof info) == sizeof info) {
        watch->func((int)info.ssi_signo, info.ssi_code == SI_KERNEL, watch->data);
    }
    return G_SOURCE_CONTINUE;
}

void signals_watch(SignalFunc func, gpointer data)
{
    Watch *watch = g_new(Watch, 1);
    sigset_t set;
    int fd;

    sigemptyset(&set);
    for (size_t i = 0; i < G_N_ELEMENTS(watched); i++) {
        sigaddset(&set, watched[i]);
    }
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    g_assert(fd >= 0);
    *watch = (Watch){func, data};
    g_unix_fd_add_full(G_PRIORITY_DEFAULT, fd, G_IO_IN, on_readable, watch, g_free);
}
