/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proxy of one instance: the driver's ABI, the enabled capabilities, the open files and the
 * objects behind them. It does not depend on how requests arrive.
 */
#pragma once

#include "cuse-server/proxy/budgets/budget.h"
#include "cuse-server/proxy/call/request.h"
#include "cuse-server/proxy/objects/object-tree.h"
#include "cuse-server/proxy/scope/gpu-scope.h"
#include "cuse-server/proxy/shares/time-share.h"
#include "cuse-server/proxy/tap.h"
#include "cuse-server/wire/device.h"
#include "cuse-server/wire/quota/memory-use.h"

/**
 * Proxy: the state that all calls share. Only the two tables (@files, @objects) change; they lock themselves.
 * @abi: the host driver's tables
 * @caps: enabled capabilities (NV_CAP_*)
 * @devices, @n_devices: the nodes of the instance; HostOps.open() takes an index into them
 * @scope: the GPUs that the instance may see; NULL: all GPUs of the host
 * @budgets: how much memory guests hold and may hold; @managed: what becomes of memory that nvidia-uvm manages
 * @shares: how much of the GPUs' time guests get; NULL: as much as they take
 * @share_uvm: initialise UVM files for many processes, without a tie to an address space
 * @tap: observer of all operations; NULL: no observer
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
    Budgets budgets;
    ManagedMemory managed;
    TimeShares *shares;
    bool share_uvm;
    ProxyTap *tap;
};

/** proxy_init: set up a proxy. @abi, @devices and @host must outlive it. */
void proxy_init(Proxy *proxy, const DriverAbi *abi, NvCaps caps, const Device *devices,
                unsigned n_devices, const ProxyLimits *limits, Host *host);
void proxy_clear(Proxy *proxy);

/** proxy_set_quota: from now on keep guests to quotas. Call it before the first call, and proxy_scope_gpus() too if @quota has
 * by_gpu.
 * @page: the present limits; outlives the proxy */
void proxy_set_quota(Proxy *proxy, const InstanceQuota *quota, const QuotaPage *page);

/** proxy_memory_use: read how much memory guests hold. */
void proxy_memory_use(const Proxy *proxy, InstanceUse *use);

/** proxy_count_time: from now on, count how long guests compute on the GPUs. Call it after proxy_set_quota(), and before the first
 * call. See time_shares_count(), time_shares_run(), time_shares_read(). */
void proxy_count_time(Proxy *proxy, const GpuTimeOps *ops, gpointer data);

/** proxy_apply_shares: follow a change of the share, the cap or the pause in the QuotaPage. Does nothing without quotas. The caller
 * holds no lock. Returns false if not all channels that are to be off are off; see time_shares_apply(). */
bool proxy_apply_shares(Proxy *proxy);

/** proxy_scope_gpus: from now on show guests only the GPUs among the instance's devices. */
void proxy_scope_gpus(Proxy *proxy);

/**
 * proxy_open: open the host's device for a guest.
 * @device: index into the instance's devices
 * @flags: open(2) flags of the guest
 * @file: set to a reference that the caller owns; NvFile.id names the file from now on
 * Returns: 0 or an errno.
 */
int proxy_open(Proxy *proxy, unsigned device, int flags, NvFile **file);

/** proxy_open_as: the same under an @id that the caller got from nv_file_table_new_id(). If @id is 0, fails with ENFILE.
 */
int proxy_open_as(Proxy *proxy, uint32_t id, unsigned device, int flags, NvFile **file);

/**
 * proxy_release: handle the last close of a guest's file. Drops the table's reference to the file; the last reference
 * closes the host file. The file, and the objects made through it, count against the limits until nothing in the driver
 * refers to the file any more.
 */
void proxy_release(Proxy *proxy, uint32_t file_id);

/** proxy_has_room: whether the guest may have @objects more objects, and one more client if @client is set. */
bool proxy_has_room(Proxy *proxy, unsigned objects, bool client);

/**
 * proxy_poll: which of @events a file has now.
 * @waiter: (transfer full): woken by the next event; NULL: the caller does not wait
 */
unsigned proxy_poll(NvFile *file, unsigned events, PollWaiter *waiter);

/** proxy_file_event: the host reports @events of a file. The file may be closed by now. */
void proxy_file_event(Proxy *proxy, uint32_t file_id, unsigned events);

/** proxy_begin: initialise the request members that the proxy sets. A transport calls this for a request that it may answer
 * without proxy_ioctl(); proxy_ioctl() does it by itself. */
void proxy_begin(Request *req);

/**
 * proxy_ioctl: run a request.
 * Returns: REQUEST_RETRY if the request needs guest memory that the transport has not fetched yet; REQUEST_DONE if
 * @req contains the answer.
 */
RequestResult proxy_ioctl(Request *req);

/** proxy_answered: the transport answers the request as it is now. The transport calls this once for every ioctl that
 * reached proxy_ioctl(), while the request's memory is still there. */
void proxy_answered(Request *req);

/**
 * proxy_map: check whether a guest may map this range of a file.
 * @length, @offset: in bytes, as passed to mmap()
 * @refusal: set to the reason, or REFUSAL_NONE
 * Returns: 0, or the errno that the host would give; ENOMEM for managed memory if the instance may have none.
 */
int proxy_map(Proxy *proxy, const NvFile *file, uint64_t length, uint64_t offset, Refusal *refusal);
