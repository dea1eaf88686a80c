/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Assigns numbers to instances. Each instance takes a slot. The slot's number determines the worker's user id
 * (sandbox/worker-ids.h) and, with CUSE, 512 minors of the one major that all instances on this host share.
 *
 * A slot is a file, /run/nvcuse/.locks/NUMBER, which is locked through a descriptor that cannot write. Broker and worker
 * share that open file. So the slot becomes free when the last of them has ended, however it ended, and two
 * instances that start at the same time cannot get the same slot. (The worker's system call filter does not allow flock(),
 * so the worker cannot unlock the slot.)
 *
 * Slots are assigned in turn: /run/nvcuse/.locks/next contains the number to try next. After a worker has ended, the driver
 * may still have a client of that worker's user id (while a guest maps its memory). So a user id is used again only after
 * all the others.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/sandbox/lockup.h"

enum {
    SLOT_MINORS = 512, /* minors of one instance: more than DEVICES_MAX */
    SLOTS_MAX = 2048,  /* 2048 * SLOT_MINORS uses all 20 bits of the kernel's minor numbers */
};

/**
 * Slot: the numbers of an instance.
 * @lock: the descriptor that holds the slot, or -1; the slot is free again when every process that has the descriptor has
 *     closed it
 * @identity: the user and group that the worker takes; no user of the host has this user id
 */
typedef struct {
    int lock;
    unsigned number;
    LockupIdentity identity;
} Slot;

/**
 * slot_take: take the next free slot whose user id no user of the host has. Reads the user database
 * (sandbox/worker-ids.h), which may take long: do not call it where a guest waits. Returns false with @error set.
 */
bool slot_take(Slot *slot, GError **error);

/**
 * slot_take_number: take the next free slot.
 * @directory: the directory with the slots' files
 * @count: how many slots there are; at least 1
 * @slot: the function sets its number and its lock
 * Returns: false with @error set. G_IO_ERROR_NO_SPACE: all slots are taken.
 */
bool slot_take_number(const char *directory, unsigned count, Slot *slot, GError **error);

/** slot_first_minor: return the first minor of a slot. */
unsigned slot_first_minor(const Slot *slot);

/**
 * slots_major: get the major number of all CUSE devices of nvcuse. The first instance chooses it and writes it to
 * /run/nvcuse/.locks/major. Returns false with @error set.
 */
bool slots_major(unsigned *major_no, GError **error);
