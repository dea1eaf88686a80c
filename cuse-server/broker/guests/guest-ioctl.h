/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers a guest's ioctl(), for the few commands that the filter sends to the listener (container/guest-filter.c). On a
 * file of ours, the worker carries the call out. The caller waits at the listener meanwhile, so that the broker can do
 * things in the caller's process. On any other file, the kernel carries the call out.
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
 * guest_ioctl_needs_agent: may an agent have to make this ioctl() in the guest's address space?
 * @kind: set to the kind of device that has the command, if it needs an agent; may be NULL
 */
bool guest_ioctl_needs_agent(uint32_t command, DeviceKind *kind);

/** guest_ioctl_answer: answer the notification of an ioctl(). Waits for the worker, and for everything that the worker
 * waits for. */
void guest_ioctl_answer(const GuestIoctl *guest, int listener, const struct seccomp_notif *notif);
