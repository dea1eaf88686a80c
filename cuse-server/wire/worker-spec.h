/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the broker tells a worker before it executes it: one struct without pointers, in memory that is
 * sealed, and the descriptors that the struct names by number. Broker and worker are the same
 * executable, so the layout is no interface.
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

/** WORKER_PROGRAM: the name by which the executable is a worker. */
#define WORKER_PROGRAM "nvcuse-worker"

enum { WORKER_SPEC_NAME_MAX = 64 };

/**
 * WorkerSpec: an instance, as its worker has to know it. A descriptor that there is not is -1.
 * @size: sizeof(WorkerSpec)
 * @name: the instance's, with a final NUL
 * @driver: the node of the version tree whose ABI to compose; not looked at with @simulation_fd
 * @major_no, @first_minor: of the CUSE devices; not looked at with another transport
 * @fds, @n_fds: as in TransportConfig
 * @socket, @questions: the worker's ends of its two sockets
 * @ledger_fd: the page that the worker counts in
 * @simulation_fd: the recording that answers in place of the driver
 * Everything else as in WorkerConfig.
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
 * worker_spec_write: put @spec into sealed memory, of which nothing can be changed any more.
 * Returns: a descriptor that the caller owns, or -1 with @error set.
 */
int worker_spec_write(const WorkerSpec *spec, GError **error);

/** worker_spec_read: take it out again. Returns false with @error if @fd holds anything else. */
bool worker_spec_read(int fd, WorkerSpec *spec, GError **error);
