/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of guests that wait at a listener while the worker carries them out. The worker may ask the broker to do
 * something in a guest's process, or for it, only for one of these calls.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <glib.h>

#include "cuse-server/broker/identity/file-key.h"

typedef struct GuestCalls GuestCalls;

/**
 * GuestCall: one such call, on the stack of the thread that answers it.
 * @tid: the thread that waits in the call
 * @listener, @id: the notification
 * @command: the ioctl's word
 * @file: the file that the ioctl is on
 * @users: number of threads that use the call now
 * @signals: for call-watch.h: number of looks in a row that found a signal, or the caller gone
 */
typedef struct {
    pid_t tid;
    int listener;
    uint64_t id;
    uint32_t command;
    FileKey file;
    unsigned users;
    unsigned signals;
} GuestCall;

GuestCalls *guest_calls_new(void);
void guest_calls_free(GuestCalls *calls);

/** guest_calls_begin: let the worker name @call by its thread, from now on until guest_calls_end(). */
void guest_calls_begin(GuestCalls *calls, GuestCall *call);

/** guest_calls_end: remove @call. Waits for the threads that still use it; see guest_calls_use(). */
void guest_calls_end(GuestCalls *calls, GuestCall *call);

/**
 * guest_calls_use: get the call that the thread @tid waits in. The call stays valid until guest_calls_unuse(), which must
 * follow soon.
 * Returns: the call, or NULL if the thread does not wait in one.
 */
GuestCall *guest_calls_use(GuestCalls *calls, pid_t tid);
void guest_calls_unuse(GuestCalls *calls, GuestCall *call);

/**
 * guest_calls_wait: wait until there are calls, or guest_calls_wake() is called.
 * Returns: (transfer full): the threads (pid_t) that wait in a call.
 */
GArray *guest_calls_wait(GuestCalls *calls);
void guest_calls_wake(GuestCalls *calls);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestCalls, guest_calls_free)
