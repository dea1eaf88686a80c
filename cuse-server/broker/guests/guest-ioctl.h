/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ioctl() by a guest, for the few commands that come by the listener (container/open-filter.c): on a
 * file of ours the worker carries it out while the caller waits here, where things can be done in its
 * process; on another it is the kernel's.
 */
#pragma once

#include <linux/seccomp.h>

#include "cuse-server/broker/agents/agents.h"
#include "cuse-server/broker/guests/guest-calls.h"
#include "cuse-server/broker/identity/guest-file.h"
#include "cuse-server/broker/identity/openers.h"
#include "cuse-server/broker/workers/worker-link.h"

typedef struct {
    GuestFiles files;
    WorkerLink *worker;
    GuestCalls *calls;
    Openers *openers;
    Agents *agents;
} GuestIoctl;

/**
 * guest_ioctl_needs_agent: may it have to be made in the address space of the guest?
 * @kind: set to the kind of device that has the call; may be NULL
 */
bool guest_ioctl_needs_agent(uint32_t command, DeviceKind *kind);

/** guest_ioctl_answer: answer the notification of one. Waits for the worker, and for what it waits for. */
void guest_ioctl_answer(const GuestIoctl *guest, int listener, const struct seccomp_notif *notif);
