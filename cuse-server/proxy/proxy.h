/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proxy of one instance: a driver's ABI, the capabilities it opens, the open files and the
 * objects behind them. Knows nothing of how requests arrive.
 */
#pragma once

#include "cuse-server/proxy/call/request.h"
#include "cuse-server/proxy/objects/object-tree.h"
#include "cuse-server/proxy/scope/gpu-scope.h"
#include "cuse-server/proxy/tap.h"
#include "cuse-server/wire/device.h"

/**
 * Proxy: what handlers share. Immutable but for the two tables, which lock themselves.
 * @abi: the host driver's tables
 * @caps: enabled capabilities (NV_CAP_*)
 * @devices, @n_devices: the nodes of the instance; the index is what Host.open() takes
 * @scope: NULL: all GPUs of the host
 * @share_uvm: UVM files are initialised for many processes, tied to no address space
 * @tap: hears of everything; NULL: nobody does
 */
struct Proxy {
    const DriverAbi *abi;
    NvCaps caps;
    const Device *devices;
    unsigned n_devices;
    Host *host;
    NvFileTable *files;
    ObjectTree *objects;
    GpuScope *scope;
    bool share_uvm;
    ProxyTap *tap;
};

/** proxy_init: @abi, @devices and @host outlive the proxy. */
void proxy_init(Proxy *proxy, const DriverAbi *abi, NvCaps caps, const Device *devices,
                unsigned n_devices, const ProxyLimits *limits, Host *host);
void proxy_clear(Proxy *proxy);

/** proxy_scope_gpus: from now on there are no GPUs but those among the instance's devices. */
void proxy_scope_gpus(Proxy *proxy);

/**
 * proxy_open: open the host's device for a guest.
 * @device: index into the instance's devices
 * @flags: open(2) flags of the guest
 * @file: set to a reference that the caller owns; the id in it names the file from now on
 * Returns: 0 or an errno.
 */
int proxy_open(Proxy *proxy, unsigned device, int flags, NvFile **file);

/** proxy_open_as: the same under an id that the caller has from nv_file_table_new_id(); 0: there was none.
 */
int proxy_open_as(Proxy *proxy, uint32_t id, unsigned device, int flags, NvFile **file);

/**
 * proxy_release: the last close of a guest's file: the host file is closed. It goes, and what was made through it,
 * once nothing refers to it in the driver: then it does not count any more.
 */
void proxy_release(Proxy *proxy, uint32_t file_id);

/** proxy_has_room: may a guest have so many @objects more, or with @client also a client? */
bool proxy_has_room(Proxy *proxy, unsigned objects, bool client);

/**
 * proxy_poll: which of @events a file has.
 * @waiter: to be woken by the next event if there is none now; owned from now on. NULL: nobody
 * waits.
 */
unsigned proxy_poll(NvFile *file, unsigned events, PollWaiter *waiter);

/** proxy_file_event: the host has @events for a file; it may be closed by now. */
void proxy_file_event(Proxy *proxy, uint32_t file_id, unsigned events);

/** proxy_begin: make a request what it is before any handler has seen it, for those that none will see;
 * proxy_ioctl() does so itself. */
void proxy_begin(Request *req);

/**
 * proxy_ioctl: run a request's handler.
 * Returns: REQUEST_RETRY if it wants guest memory that is not here; REQUEST_DONE if @req says the
 * answer.
 */
RequestResult proxy_ioctl(Request *req);

/** proxy_answered: for the transport, while the request's memory is still there: it is answered as it is
 * now. Every ioctl that reached proxy_ioctl() comes here once. */
void proxy_answered(Request *req);

/**
 * proxy_map: may a guest map this?
 * @length, @offset: in bytes, as mmap() was called
 * Returns: 0 or the errno that the host would give.
 */
int proxy_map(Proxy *proxy, const NvFile *file, uint64_t length, uint64_t offset);
