/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ioctl() by a guest, for the few commands that come by the listener (container/open-filter.c): on a
 * file of ours the worker carries it out while the caller waits here, where things can be done in its
 * process; on another it is the kernel's.
 */
#pragma once

#include <linux/seccomp.h>

#include "cuse-server/broker/agents.h"
#include "cuse-server/broker/guest-calls.h"
#include "cuse-server/broker/guest-file.h"
#include "cuse-server/broker/worker-link.h"

typedef struct {
    GuestFiles files;
    WorkerLink *worker;
    GuestCalls *calls;
    Agents *agents;
} GuestIoctl;

/** guest_ioctl_needs_agent: may it have to be made in the address space of the guest? */
bool guest_ioctl_needs_agent(uint32_t command);

/** guest_ioctl_answer: answer it. */
void guest_ioctl_answer(const GuestIoctl *guest, int listener, const struct seccomp_notif *notif);
