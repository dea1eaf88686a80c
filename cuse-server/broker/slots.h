/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device numbers for instances: one major for all of nvcuse on this host, 512 minors for each
 * instance.
 *
 * A slot is a byte of /run/nvcuse/slots.lock, taken with a lock on it. Broker and worker share the
 * lock's open file, so it is free again when the last of them is gone, however that came about, and
 * two instances that start at once cannot get the same one. The file's text is the major number.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

enum {
    SLOT_MINORS = 512, /* minors of one instance: more than DEVICES_MAX */
    SLOTS_MAX = 2048,  /* the kernel's 20 bits of minor number */
};

/**
 * Slot: an instance's numbers.
 * @lock: the descriptor that holds it; closing it, in every process that has it, gives the slot
 * back
 */
typedef struct {
    int lock;
    unsigned major_no;
    unsigned first_minor;
} Slot;

/** slot_take: take the lowest free slot. Returns false with @error set. */
bool slot_take(Slot *slot, GError **error);
