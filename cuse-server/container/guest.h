/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the guest of `nvcuse run`: a command in its own PID and mount namespaces.
 *
 * Process tree:
 * 1. The broker.
 * 2. Below it the guest's init: pid 1 of the namespace, and nvcuse's code. It reaps children,
 *    passes signals on, and ends with the command's status.
 * 3. Below init the command.
 *
 * When init ends, the kernel kills every other process in the namespace. Init dies with the broker.
 * So nothing is left behind.
 *
 * The broker forks init before the instance exists, so that init inherits nothing of the instance.
 * Init then waits until guest_go() releases it.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

#include "cuse-server/container/guest-filter.h"
#include "cuse-server/wire/device.h"

enum {
    GUEST_EXIT_CANNOT_START = 125, /* as docker run: nvcuse failed, not the command */
    GUEST_EXIT_NOT_EXECUTABLE = 126,
    GUEST_EXIT_NOT_FOUND = 127,
    GUEST_EXIT_SIGNAL = 128, /* plus the signal's number */
};

/**
 * Guest: a guest that has been forked.
 * @init: pid of the guest's init in the broker's PID namespace
 * @pidfd: of init; readable when init has ended
 * @socket: the broker's end of the socket pair to init
 */
typedef struct {
    pid_t init;
    int pidfd;
    int socket;
} Guest;

/**
 * guest_fork: make the namespaces, and the init process in them. Init waits for guest_go(). The
 * calling process must have one thread.
 * @argv: the command, NULL-terminated; found by PATH
 * @devices, @n_devices: the nodes that the guest gets
 * @needs: what its filter needs
 */
bool guest_fork(Guest *guest, char *const *argv, const Device *devices, unsigned n_devices,
                const FilterNeeds *needs, GError **error);

/**
 * guest_go: let init set up the guest's view and start the command.
 * @proc_view: the file system to mount over the driver's part of /proc
 * @listener: set to the command's seccomp listener, which the caller owns. The command goes on only
 *     when the listener is served. -1 if the guest could not start; it has written the reason to
 *     standard error, and ends.
 */
void guest_go(Guest *guest, int proc_view, int *listener);

/** guest_signal: pass a signal on to the command. */
void guest_signal(const Guest *guest, int signal_number);

/** guest_wait: wait until the guest has ended. Returns the exit code for the shell: the command's,
 * or 128 + signal. */
int guest_wait(Guest *guest);

/** guest_kill: kill the guest's init and everything in its namespace now. */
void guest_kill(const Guest *guest);
