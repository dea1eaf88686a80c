/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers a guest's open() that waits at a seccomp listener; container/guest-filter.c tells which opens these are. If the path
 * names a node of this instance, the answer is a file of ours, with the access mode that the guest asked for. All other opens
 * continue in the kernel, whose own checks then decide. Our nodes are on a nodev mount, so a guest that swaps a path, or the
 * flags of an openat2(), in between gains nothing.
 *
 * The broker creates and truncates nothing for a guest. O_CREAT and O_TRUNC have no effect on a device node, and an open that
 * does create a file continues in the kernel.
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
 * GuestOpen: what the answers need.
 * @stand_ins: the files that guests get
 * @spares: stand-ins that are open already
 * @host_files, @host_nodes: the host's files that go to the worker with a spare, as in ServiceConfig
 * @worker: is told which spares guests got
 * @openers: records the rights of each file's opener
 * @members: the instance's guests; every process that opens a device becomes one
 * @agents: give an agent to every process that opens a device
 * @ledger, @files_max: number of files according to the worker, and the limit on it
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

/** guest_open_answer: answer the notification of a call that opens a file. @listener, @notif: the call; @filters: as for agents_prepare() */
void guest_open_answer(const GuestOpen *open, int listener, const struct seccomp_notif *notif,
                       unsigned filters);
