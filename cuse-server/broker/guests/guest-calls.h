/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of guests that wait at a listener while the worker carries them out: what the worker may have
 * done in, or for, a guest's process, it may for these alone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <glib.h>

#include "cuse-server/broker/identity/file-key.h"

typedef struct GuestCalls GuestCalls;

/**
 * GuestCall: one of them, on the stack of the thread that answers it.
 * @tid: who waits
 * @listener, @id: the notification
 * @command: the ioctl's word
 * @file: the file that it is on
 * @users: how many threads use it right now
 * @signals: for the watch: in how many looks one after the other its caller had a signal
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

/** guest_calls_begin: from now on until guest_calls_end() the worker may name @call by its thread. */
void guest_calls_begin(GuestCalls *calls, GuestCall *call);

/** guest_calls_end: waits for those that are using it; see guest_calls_use(). */
void guest_calls_end(GuestCalls *calls, GuestCall *call);

/**
 * guest_calls_use: the call that a thread waits in, or NULL. It stays until guest_calls_unuse(), which
 * must not be long in coming.
 */
GuestCall *guest_calls_use(GuestCalls *calls, pid_t tid);
void guest_calls_unuse(GuestCalls *calls, GuestCall *call);

/**
 * guest_calls_wait: wait until there are calls, or guest_calls_wake() is called.
 * Returns: (transfer full): the threads (pid_t) that wait in one.
 */
GArray *guest_calls_wait(GuestCalls *calls);
void guest_calls_wake(GuestCalls *calls);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestCalls, guest_calls_free)
