/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The starter: a process beside the broker that starts the instance's workers. It can still start one after the broker has
 * given up the privileges for that (sandbox/broker-lockup.h, broker-filter.h). It keeps those privileges, and does one
 * thing: when the broker asks, it starts a worker like the one before, and hands the worker's files to the broker. It
 * receives nothing from guests or workers, and ends with the broker.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cuse-server/broker/workers/worker-process.h"

/** Starter: @pid: the starter's process, or -1; @socket: the broker's end of the socket to it, or -1. */
typedef struct Starter {
    pid_t pid;
    int socket;
} Starter;

/**
 * starter_fork: fork the starter. The calling process must have one thread. The starter works with copies of all
 * arguments. It alone keeps the connection of @stand_ins: the broker's copy is closed.
 */
bool starter_fork(Starter *starter, const InstanceSpec *instance, StandIns *stand_ins,
                  const WorkerPages *pages, GError **error);

/**
 * starter_start: have the starter start a worker. The worker before must have ended. The new worker's file system replaces
 * the old one in @stand_ins. The worker is a child of the starter, and ends when the starter ends.
 */
bool starter_start(const Starter *starter, WorkerProcess *process, StandIns *stand_ins,
                   GError **error);

/** starter_fate: ask how the latest worker ended. Sets in @info the pid, the code and the status, as waitid() does. Returns
 * false if the worker has not ended. */
bool starter_fate(const Starter *starter, siginfo_t *info);

/** starter_end: end the starter. Its worker must have ended. */
void starter_end(Starter *starter);
