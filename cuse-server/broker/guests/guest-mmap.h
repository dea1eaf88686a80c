/* SPDX-License-Identifier: Apache-2.0 */
/* Answers a guest's mmap() of a shared file. If the file is ours, the mapping shows what the driver's own file would show. */
#pragma once

#include <linux/seccomp.h>

#include "cuse-server/broker/agents/agents.h"
#include "cuse-server/broker/identity/guest-file.h"
#include "cuse-server/broker/workers/worker-link.h"
#include "cuse-server/inventory/host-file.h"

/**
 * GuestMmap: what the answers need.
 * @files: tells which of the instance's files a guest's descriptor is
 * @host_files: the host's files that may be mapped
 * @worker: has the last word on what may be mapped
 * @agents: carry out the mappings
 */
typedef struct {
    GuestFiles files;
    HostFiles host_files;
    WorkerLink *worker;
    Agents *agents;
} GuestMmap;

/** guest_mmap_answer: answer the notification of an mmap(), or have an agent answer it. */
void guest_mmap_answer(const GuestMmap *mmap, int listener, const struct seccomp_notif *notif);
