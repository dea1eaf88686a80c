/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest of `nvcuse run`: a command in a pid and a mount namespace of its own.
 *
 * Process tree: the broker; below it the guest's init (pid 1 of the namespace, our code: it reaps,
 * passes signals on, and ends with the command's status); below that the command. When init ends
 * the kernel kills whatever else is in the namespace, and init dies with the broker: nothing is
 * left behind.
 *
 * Init is forked before the instance exists, so it inherits nothing of it, and waits to be let go.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

#include "cuse-server/wire/device.h"

enum {
    GUEST_EXIT_CANNOT_START = 125, /* as docker run: we failed, not the command */
    GUEST_EXIT_NOT_EXECUTABLE = 126,
    GUEST_EXIT_NOT_FOUND = 127,
    GUEST_EXIT_SIGNAL = 128, /* plus the signal's number */
};

/**
 * Guest: a guest that has been forked.
 * @init: its pid in the broker's namespace; @pidfd: readable when it has ended
 * @socket: our end of the pair to it
 */
typedef struct {
    pid_t init;
    int pidfd;
    int socket;
} Guest;

/**
 * guest_fork: make the namespaces and the init process in them, which then waits. The process must
 * have one thread.
 * @argv: the command, NULL-terminated; found by PATH
 * @devices, @n_devices: the nodes it will have
 */
bool guest_fork(Guest *guest, char *const *argv, const Device *devices, unsigned n_devices,
                GError **error);

/**
 * guest_go: let it set up its view and start the command.
 * @proc_view: the file system that it will have over the driver's part of /proc
 * @listener: set to the command's seccomp listener, which must be served for it to go on; the
 * caller owns it. -1: the guest could not start; it has said why on standard error and ends.
 */
void guest_go(Guest *guest, int proc_view, int *listener);

/** guest_signal: pass a signal on to the command. */
void guest_signal(const Guest *guest, int signal_number);

/** guest_wait: wait for the end. Returns the exit code for the shell: the command's, or 128 +
 * signal. */
int guest_wait(Guest *guest);

/** guest_kill: end it and everything in its namespace now. */
void guest_kill(const Guest *guest);
