/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's read-write open(), which waits at a seccomp listener. One that names a node of this instance is answered with a
 * file of ours, everything else continues in the kernel, whose own checks then decide (our nodes are on a nodev mount, so a
 * guest that swaps a path in between gains nothing).
 */
#pragma once

#include <stdbool.h>

#include <linux/seccomp.h>

#include "cuse-server/broker/agents/agents.h"
#include "cuse-server/broker/files/spares.h"
#include "cuse-server/broker/files/stand-ins.h"
#include "cuse-server/broker/identity/guest-members.h"
#include "cuse-server/broker/identity/openers.h"
#include "cuse-server/broker/workers/worker-link.h"
#include "cuse-server/inventory/host-file.h"
#include "cuse-server/wire/ledger.h"

/**
 * GuestOpen: what opens are answered from.
 * @stand_ins: what guests get
 * @spares: those that are open already
 * @host_files, @host_nodes: what the worker gets for it, as in ServiceConfig
 * @worker: is told which files guests got
 * @openers: who opened what
 * @members: whoever opens a device is one of them from then on
 * @agents: whoever opens a device gets one
 * @ledger, @files_max: how many files the worker says there are, and how many there may be
 */
typedef struct {
    const StandIns *stand_ins;
    Spares *spares;
    HostFiles host_files;
    int host_nodes;
    WorkerLink *worker;
    Openers *openers;
    GuestMembers *members;
    Agents *agents;
    const Ledger *ledger;
    unsigned files_max;
} GuestOpen;

/** guest_open_answer: @listener, @notif: the call; @filters: as for agents_prepare() */
void guest_open_answer(const GuestOpen *open, int listener, const struct seccomp_notif *notif,
                       unsigned filters);
