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
#include "cuse-server/broker/openers.h"
#include "cuse-server/broker/worker-link.h"

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

/**
 * GuestIoctlCall: one of them; stays where it is from guest_ioctl_begin() to guest_ioctl_finish().
 * @is_known: whether the caller's descriptor has been looked at
 * @is_own: it is a file of ours: @base.file
 * @memory: the caller's, or -1
 * @denied: the errno for which the worker does not get it; 0 also before it is looked at
 * @is_open: @base is among the guest's calls
 * @is_asked: the worker has been told to carry it out
 */
typedef struct {
    GuestCall base;
    bool is_known;
    bool is_own;
    bool is_open;
    bool is_asked;
    int memory;
    int denied;
    WorkerAsked asked;
} GuestIoctlCall;

/** guest_ioctl_begin: do as much as waits for nobody: as a rule, until the worker is at it. */
void guest_ioctl_begin(const GuestIoctl *guest, int listener, const struct seccomp_notif *notif,
                       GuestIoctlCall *call);

/** guest_ioctl_finish: do the rest, and answer it. */
void guest_ioctl_finish(const GuestIoctl *guest, const struct seccomp_notif *notif,
                        GuestIoctlCall *call);
