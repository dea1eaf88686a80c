/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's read-write open(), which waits at a seccomp listener. One that names a node of this instance is answered with a
 * file of ours, everything else continues in the kernel, whose own checks then decide (our nodes are on a nodev mount, so a
 * guest that swaps a path in between gains nothing).
 */
#pragma once

#include <stdbool.h>

#include <linux/seccomp.h>

#include "cuse-server/broker/guest-members.h"
#include "cuse-server/broker/openers.h"
#include "cuse-server/broker/stand-ins.h"

/**
 * GuestOpen: what opens are answered from.
 * @stand_ins: what guests get
 * @openers: who opened what
 * @members: whoever opens a device is one of them from then on
 */
typedef struct {
    const StandIns *stand_ins;
    Openers *openers;
    GuestMembers *members;
} GuestOpen;

/** guest_open_answer: @listener, @notif: the call */
void guest_open_answer(const GuestOpen *open, int listener, const struct seccomp_notif *notif);
