/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guests' files that are opened in advance (wire/broker-protocol.h, OPEN_IN_ADVANCE). To open one takes several trips to
 * the worker; a guest that gets one of these waits for none of them. A thread of its own opens them, of devices that guests
 * have opened before, after such a guest has its file.
 *
 * They are open read-write, belong to nobody, have no host file and count against no limit until a guest gets one.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/broker/files/stand-ins.h"

/* Of one device, and of all. FRESH_PLACES has room for those of one device. */
enum { SPARES_OF_DEVICE = 8, SPARES_MAX = 64 };

/**
 * Spare: @fd: the file
 * @file: which it is
 * @worker: whose, as Spares counts them
 */
typedef struct {
    int fd;
    FileKey file;
    unsigned worker;
} Spare;

typedef struct Spares Spares;

/** spares_new: none yet. @stand_ins outlives them. */
Spares *spares_new(const StandIns *stand_ins);

/** spares_free: the worker has ended: an open that is in progress fails. */
void spares_free(Spares *spares);

/** spares_take: the one of a device that was opened first, which the caller owns. Returns false if there is none. */
bool spares_take(Spares *spares, unsigned device, Spare *spare);

/** spares_put_back: nobody got it. */
void spares_put_back(Spares *spares, unsigned device, const Spare *spare);

/** spares_worker: which worker there is, as Spares counts them. */
unsigned spares_worker(Spares *spares);

/** spares_want: a guest has opened this device by @worker: from now on there are to be spares of it. Waits for nobody. */
void spares_want(Spares *spares, unsigned device, unsigned worker);

/** spares_drop: close all, and open none until a device is wanted anew: their worker has ended. One that is taken meanwhile
 * is as good as a file that a guest had before. */
void spares_drop(Spares *spares);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Spares, spares_free)
