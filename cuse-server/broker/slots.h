/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers for instances. Each instance takes a slot; from the slot's number follow its user id
 * (sandbox/worker-ids.h) and, with CUSE, its 512 minors of the one major that all of nvcuse has on this host.
 *
 * A slot is a file, /run/nvcuse/.locks/NUMBER, locked through a descriptor that cannot write. Broker and worker
 * share that open file, so the slot is free again when the last of them is gone, however that came about, and
 * two instances that start at once cannot get the same one. (The worker could unlock it, had its filter
 * of system calls a word for that.)
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
 * slot_take: take the lowest free slot. Reads the user database (sandbox/worker-ids.h): nothing that guests wait for may
 * come to this. Returns false with @error set.
 */
bool slot_take(Slot *slot, GError **error);

/** slot_first_minor: where the minors of a slot begin. */
unsigned slot_first_minor(const Slot *slot);

/**
 * slots_major: the major number of all CUSE devices of nvcuse, chosen by the first instance and kept in
 * /run/nvcuse/.locks/major. Returns false with @error set.
 */
bool slots_major(unsigned *major_no, GError **error);
