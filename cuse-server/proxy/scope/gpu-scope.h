/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GPU scoping: an instance that was given some of the host's GPUs sees only those, by whatever call it asks.
 * GPUs that the host gets later stay hidden as well. "Ours" below means: one of the instance's GPUs.
 *
 * Scoping changes a call in two ways, both on private copies. The members' roles (abi/role.h) say which
 * members of which structs are concerned.
 * 1. Parameters of the guest that name a GPU which is not ours: the driver gets the name of a GPU that no host
 *    can have, so that the driver itself gives its usual answer for an unknown GPU. Afterwards the guest gets
 *    back the name that it wrote.
 * 2. Answers of the driver: all GPUs but ours are taken out. The result has the form that the driver gives to
 *    shorter lists.
 *
 * The scope lists the GPUs that are ours, not the others, so it does not need to learn of changes to the host's
 * other GPUs. Ours are the GPUs whose device nodes the instance has. When the first call needs the driver's
 * names for them, the scope asks the driver, through a client of its own on a file of its own. A GPU's id and
 * UUID never change. Its device instance may change: the driver gives the first free number to each GPU that
 * starts (src/nvidia/src/kernel/gpu_mgr/gpu_mgr.c, gpumgrAllocDeviceInstance). The scope therefore asks for
 * device instances each time, and holds a GPU open while a device is allocated on it.
 *
 * Scoping does not cover the commands that the table does not have and that reach the processor of one GPU
 * (bit 15, class NV2081_BINAPI).
 */
#pragma once

#include <stdbool.h>

#include "abi/nv-ioctl.h"
#include "cuse-server/proxy/host.h"
#include "cuse-server/wire/device.h"

typedef struct GpuScope GpuScope;

/* An id that no GPU has: an id consists of PCI domain, bus and device, and the device is below 32. The
 * driver's own NV0000_CTRL_GPU_INVALID_ID cannot be used: it would end a list. */
#define GPU_SCOPE_NO_ID 0xfffffffeU

/** gpu_scope_no_uuid: a UUID that no GPU has: all ones. */
extern const NvU8 gpu_scope_no_uuid[16];

/**
 * gpu_scope_new: make the scope of an instance. Does not ask the host anything yet.
 * @devices, @n_devices: the instance's devices; the GPUs among them are its GPUs. They and @host outlive the
 * scope.
 */
GpuScope *gpu_scope_new(const Device *devices, unsigned n_devices, Host *host);

/** gpu_scope_free: @scope may be NULL. */
void gpu_scope_free(GpuScope *scope);

/**
 * gpu_scope_prepare: ask the driver for the ids and addresses of the host's GPUs, once. May block.
 * Returns: 0 or an errno; after an error the next call tries again.
 */
int gpu_scope_prepare(GpuScope *scope);

/* The functions below need a prepared scope. They may ask the driver, and block. */

/** gpu_scope_has_id: check whether this is the id of a GPU of ours. */
bool gpu_scope_has_id(const GpuScope *scope, NvU32 gpu_id);

/** gpu_scope_has_address: check whether a GPU of ours is at this PCI address. */
bool gpu_scope_has_address(const GpuScope *scope, NvU32 domain, NvU32 bus, NvU32 slot);

/** gpu_scope_has_uuid: check whether this is the UUID of a GPU of ours. */
bool gpu_scope_has_uuid(GpuScope *scope, const NvU8 *uuid);

/** gpu_scope_is_foreign_uuid: check whether this is the UUID of a GPU of the host that is not ours, as far as
 * the driver knows. This is not the opposite of gpu_scope_has_uuid(): partitions of our GPUs and the CPU have
 * UUIDs as well. */
bool gpu_scope_is_foreign_uuid(GpuScope *scope, const NvU8 *uuid);

/** gpu_scope_instances: return the mask of the device instances that our GPUs have now. */
NvU32 gpu_scope_instances(GpuScope *scope);

/** gpu_scope_free_instance: return a device instance that no GPU has now. */
NvU32 gpu_scope_free_instance(GpuScope *scope);

/**
 * gpu_scope_hold: keep the GPU of ours that has this device instance started, so that it keeps the instance.
 * @gpu: set to the number of this GPU among ours, in the order of the devices
 * Returns: a host file to be closed by gpu_scope_release(), or -1 if no GPU of ours has the instance or its file
 * cannot be opened.
 */
int gpu_scope_hold(GpuScope *scope, NvU32 instance, uint32_t *gpu);

/** gpu_scope_release: close a file. @fd: from gpu_scope_hold(); -1 is ignored */
void gpu_scope_release(GpuScope *scope, int fd);
