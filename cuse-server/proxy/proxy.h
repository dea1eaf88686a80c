/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proxy of one instance: a driver's ABI, the capabilities it opens, the open files and the
 * objects behind them. Knows nothing of how requests arrive.
 */
#pragma once

#include "cuse-server/proxy/device.h"
#include "cuse-server/proxy/object-tree.h"
#include "cuse-server/proxy/request.h"

/**
 * Proxy: what handlers share. Immutable but for the two tables, which lock themselves.
 * @abi: the host driver's tables
 * @caps: enabled capabilities (NV_CAP_*)
 * @devices, @n_devices: the nodes of the instance; the index is what Host.open() takes
 */
struct Proxy {
    const DriverAbi *abi;
    NvCaps caps;
    const Device *devices;
    unsigned n_devices;
    Host *host;
    NvFileTable *files;
    ObjectTree *objects;
};

/** proxy_init: @abi, @devices and @host outlive the proxy. */
void proxy_init(Proxy *proxy, const DriverAbi *abi, NvCaps caps, const Device *devices,
                unsigned n_devices, Host *host);
void proxy_clear(Proxy *proxy);

/**
 * proxy_open: open the host's device for a guest.
 * @device: index into the instance's devices
 * @flags: open(2) flags of the guest
 * @file: set to a reference that the caller owns; the id in it names the file from now on
 * Returns: 0 or an errno.
 */
int proxy_open(Proxy *proxy, unsigned device, int flags, NvFile **file);

/** proxy_release: the last close of a guest's file: the host file goes, then what was made through
 * it. */
void proxy_release(Proxy *proxy, uint32_t file_id);

/**
 * proxy_poll: which of @events a file has.
 * @waiter: to be woken by the next event if there is none now; owned from now on. NULL: nobody
 * waits.
 */
unsigned proxy_poll(NvFile *file, unsigned events, PollWaiter *waiter);

/** proxy_file_event: the host has @events for a file; it may be closed by now. */
void proxy_file_event(Proxy *proxy, uint32_t file_id, unsigned events);

/**
 * proxy_ioctl: run a request's handler.
 * Returns: REQUEST_RETRY if it wants guest memory that is not here; REQUEST_DONE if @req says the
 * answer.
 */
RequestResult proxy_ioctl(Request *req);
