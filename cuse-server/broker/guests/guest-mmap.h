/* SPDX-License-Identifier: Apache-2.0 */
/* mmap() of a shared file by a guest: if the file is ours, it shall show what the driver would. */
#pragma once

#include <linux/seccomp.h>

#include "cuse-server/broker/agents/agents.h"
#include "cuse-server/broker/identity/guest-file.h"
#include "cuse-server/broker/workers/worker-link.h"
#include "cuse-server/inventory/host-file.h"

/**
 * GuestMmap: what answers are given from.
 * @host_files: what it may be that is mapped
 * @worker: has the last word on what may be mapped
 * @agents: carry it out
 */
typedef struct {
    GuestFiles files;
    HostFiles host_files;
    WorkerLink *worker;
    Agents *agents;
} GuestMmap;

/** guest_mmap_answer: answer it, or leave it to an agent to answer. */
void guest_mmap_answer(const GuestMmap *mmap, int listener, const struct seccomp_notif *notif);
