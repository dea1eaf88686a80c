/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens files for guests in advance (wire/broker-protocol.h, OPEN_IN_ADVANCE). To open a file takes several round trips to
 * the worker; a guest that gets a spare waits for none of them. A separate thread opens the spares, only of devices that
 * guests have opened before, and only after such a guest has its file.
 *
 * A spare is open read-write. Until a guest gets it, it has no owner and no host file, and counts against no limit.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/broker/files/stand-ins.h"

/* Most spares of one device, and of all devices together. FRESH_PLACES has room for those of one device. */
enum { SPARES_OF_DEVICE = 8, SPARES_MAX = 64 };

/**
 * Spare: a file that is open in advance.
 * @fd: its descriptor
 * @file: the key of the file
 * @worker: the number of the worker that serves it (spares_worker())
 */
typedef struct {
    int fd;
    FileKey file;
    unsigned worker;
} Spare;

typedef struct Spares Spares;

/** spares_new: make the pools, without a spare. @stand_ins outlives them. */
Spares *spares_new(const StandIns *stand_ins);

/** spares_free: close all spares and end the thread. The worker must have ended, so that an open in progress fails. */
void spares_free(Spares *spares);

/** spares_take: take the oldest spare of a device. The caller owns it. Returns false if there is none. */
bool spares_take(Spares *spares, unsigned device, Spare *spare);

/** spares_put_back: return a spare that no guest got. Spares owns it again. */
void spares_put_back(Spares *spares, unsigned device, const Spare *spare);

/** spares_worker: return the number of the present worker. spares_drop() counts it up. */
unsigned spares_worker(Spares *spares);

/** spares_want: keep spares of this device from now on, since a guest has opened it. Does nothing if @worker, which served that
 * open, has ended. Does not wait for the worker. */
void spares_want(Spares *spares, unsigned device, unsigned worker);

/** spares_drop: close all spares, because their worker has ended. Open no spare of a device until spares_want() names it again.
 * A spare that a guest gets meanwhile is dead, like the files that guests opened before. */
void spares_drop(Spares *spares);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Spares, spares_free)
