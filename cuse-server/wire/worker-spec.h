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
#include "cuse-server/wire/device.h"
#include "cuse-server/wire/instance-limits.h"
#include "cuse-server/wire/transport-kind.h"
#include "version-tree/driver-version.h"
#include "version-tree/nv-caps.h"

/** WORKER_PROGRAM: the executable runs as a worker if it is started under this name. */
#define WORKER_PROGRAM "nvcuse-worker"

enum { WORKER_SPEC_NAME_MAX = 64 };

/**
 * WorkerSpec: what a worker has to know about its instance. A descriptor that does not exist is -1.
 * @size: sizeof(WorkerSpec)
 * @name: the instance's name, with a final NUL
 * @driver: the node of the version tree whose ABI to compose; ignored with @simulation_fd
 * @major_no, @first_minor: numbers of the CUSE devices; ignored with another transport
 * @fds, @n_fds: as in TransportConfig
 * @socket, @questions: the worker's ends of its two sockets
 * @ledger_fd: the ledger's page
 * @simulation_fd: the recording that answers in place of the driver
 * All other members are as in WorkerConfig.
 */
typedef struct {
    uint32_t size;
    char name[WORKER_SPEC_NAME_MAX];
    DriverVersion driver;
    NvCaps caps;
    ProxyLimits limits;
    LockupIdentity identity;
    Device devices[DEVICES_MAX];
    unsigned n_devices;
    TransportKind transport;
    unsigned major_no;
    unsigned first_minor;
    GuestMemoryKind guest_memory;
    unsigned threads;
    int fds[DEVICES_MAX];
    unsigned n_fds;
    int socket;
    int questions;
    int ledger_fd;
    int trace_fd;
    int record_fd;
    int simulation_fd;
    uint64_t record_limit;
    bool scope_gpus;
    bool share_uvm;
} WorkerSpec;

/**
 * worker_spec_write: write @spec to sealed memory, which cannot be changed afterwards.
 * Returns: a descriptor that the caller owns, or -1 with @error set.
 */
int worker_spec_write(const WorkerSpec *spec, GError **error);

/** worker_spec_read: read a specification from @fd. Returns false with @error if @fd holds anything else. */
bool worker_spec_read(int fd, WorkerSpec *spec, GError **error);
