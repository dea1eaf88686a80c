/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers for instances. Each instance takes a slot; from the slot's number follow its user id
 * (sandbox/worker-ids.h) and, with CUSE, its 512 minors of the one major that all of nvcuse has on this host.
 *
 * A slot is a file, /run/nvcuse/.locks/NUMBER, locked through a descriptor that cannot write. Broker and worker
 * share that open file, so the slot is free again when the last of them is gone, however that came about, and
 * two instances that start at once cannot get the same one. (The worker could unlock it, had its filter
 * of system calls a word for that.)
 *
 * They are handed out in turn: /run/nvcuse/.locks/next says which comes next. The driver may still have a client of the
 * user id of a worker that has ended (a guest maps memory of it); that id comes again only after all the others.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/sandbox/lockup.h"

enum {
    SLOT_MINORS = 512, /* minors of one instance: more than DEVICES_MAX */
    SLOTS_MAX = 2048,  /* the kernel's 20 bits of minor number */
};

/**
 * Slot: an instance's numbers.
 * @lock: the descriptor that holds it; closing it, in every process that has it, gives the slot
 * back; -1: none
 * @identity: who its worker becomes; no user of the host's
 */
typedef struct {
    int lock;
    unsigned number;
    LockupIdentity identity;
} Slot;

/**
 * slot_take: take the next slot that is free, and whose user id no user of the host has. Reads the user database
 * (sandbox/worker-ids.h): nothing that guests wait for may come to this. Returns false with @error set.
 */
bool slot_take(Slot *slot, GError **error);

/**
 * slot_take_number: take the next slot that is free.
 * @directory: where the slots' files are
 * @count: how many slots there are; at least 1
 * @slot: its number and lock are set
 * Returns: false with @error set: G_IO_ERROR_NO_SPACE: all are taken.
 */
bool slot_take_number(const char *directory, unsigned count, Slot *slot, GError **error);

/** slot_first_minor: where the minors of a slot begin. */
unsigned slot_first_minor(const Slot *slot);

/**
 * slots_major: the major number of all CUSE devices of nvcuse, chosen by the first instance and kept in
 * /run/nvcuse/.locks/major. Returns false with @error set.
 */
bool slots_major(unsigned *major_no, GError **error);
