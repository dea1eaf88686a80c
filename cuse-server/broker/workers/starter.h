/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process beside the broker that starts the instance's workers, also once the broker itself may not
 * (sandbox/broker-lockup.h, broker-filter.h). It has the privileges that the broker gives up, and does
 * one thing: told to, it starts a worker like the one before, and hands its files over. It takes no word
 * from guests or workers, and goes with the broker.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cuse-server/broker/workers/worker-process.h"

/** Starter: @pid: its process, or -1; @socket: the broker's end, or -1. */
typedef struct Starter {
    pid_t pid;
    int socket;
} Starter;

/**
 * starter_fork: make it; the process must have one thread. It goes on with copies of all that it is given,
 * and alone keeps the connection of @stand_ins.
 * @ledger_fd: as for worker_process_start()
 */
bool starter_fork(Starter *starter, const InstanceConfig *config, StandIns *stand_ins,
                  int ledger_fd, GError **error);

/**
 * starter_start: have it start a worker, the one before having ended, and take its files into @stand_ins in
 * place of the old ones. The worker is the starter's child, which ends with it.
 */
bool starter_start(const Starter *starter, WorkerProcess *process, StandIns *stand_ins,
                   GError **error);

/** starter_fate: as waitid() fills it in for the latest worker. Returns false if it has not ended. */
bool starter_fate(const Starter *starter, siginfo_t *info);

/** starter_end: it goes; its worker has ended. */
void starter_end(Starter *starter);
