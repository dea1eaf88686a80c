/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The specification that the broker gives a worker before executing it: one struct without pointers, in sealed memory, and
 * the descriptors that the struct names by number. Broker and worker are the same executable, so the struct's layout need
 * not stay the same between versions.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "cuse-server/sandbox/lockup.h"
#include "cuse-server/wire/instance-spec.h"

/** WORKER_PROGRAM: the executable runs as a worker if it is started under this name. */
#define WORKER_PROGRAM "nvcuse-worker"

/**
 * WorkerSpec: what a worker has to know beside its instance.
 * @size: sizeof(WorkerSpec)
 * @identity: the user and group that the worker takes
 * @major_no, @first_minor: numbers of the CUSE devices, device i gets @first_minor + i; ignored with another transport
 * @fds, @n_fds: an open /dev/cuse for each of the instance's devices, or the open /dev/fuse of the file system
 * @socket, @questions: the worker's ends of the SOCK_SEQPACKET pairs on which the worker asks the broker, and the broker the
 *     worker
 * @ledger_fd: the ledger's page; @quota_fd: the page of quotas
 */
typedef struct {
    uint32_t size;
    InstanceSpec instance;
    LockupIdentity identity;
    unsigned major_no;
    unsigned first_minor;
    int fds[DEVICES_MAX];
    unsigned n_fds;
    int socket;
    int questions;
    int ledger_fd;
    int quota_fd;
} WorkerSpec;

/**
 * worker_spec_write: write @spec to sealed memory, which cannot be changed afterwards.
 * Returns: a descriptor that the caller owns, or -1 with @error set.
 */
int worker_spec_write(const WorkerSpec *spec, GError **error);

/** worker_spec_read: read a specification from @fd. Returns false with @error if @fd holds anything else. */
bool worker_spec_read(int fd, WorkerSpec *spec, GError **error);
