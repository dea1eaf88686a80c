/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GPU scoping: an instance that was given some of the host's GPUs sees only those, whatever way it
 * looks, and GPUs that come later are none of its business.
 *
 * Two things are done to a call, both on private copies: what the guest says and what names a GPU
 * that is not ours goes to the driver as the name of a GPU that no host can have, so that the driver
 * itself says what it says of those, and comes back as the guest wrote it; what the driver says is
 * stripped of all GPUs but ours, in the shape that the driver gives to shorter lists. Which members
 * of which structs those are is said by their roles (abi/role.h).
 *
 * Lists are of what is ours, not of what is not: that needs no news of the host's other GPUs. Ours
 * are the device nodes of the instance; what the driver calls them it is asked when the first call
 * needs it, by a client of our own on a file of our own. A GPU's id and its UUID are its own for
 * ever. Its device instance is not: the driver gives the first free number to each GPU that starts
 * (src/nvidia/src/kernel/gpu_mgr/gpu_mgr.c, gpumgrAllocDeviceInstance), so that is asked each time,
 * and a GPU that a device is allocated of is held open meanwhile.
 *
 * Not looked at: the commands that the table does not have, which reach one GPU's own processor
 * (bit 15, class NV2081_BINAPI).
 */
#pragma once

#include <stdbool.h>

#include "abi/nv-ioctl.h"
#include "cuse-server/proxy/host.h"
#include "cuse-server/wire/device.h"

typedef struct GpuScope GpuScope;

/* An id that no GPU has: ids are made of PCI domain, bus and device, and a device is below 32. The
 * driver's own NV0000_CTRL_GPU_INVALID_ID would end a list. */
#define GPU_SCOPE_NO_ID 0xfffffffeU

/** gpu_scope_no_uuid: a UUID that no GPU has: all ones. */
extern const NvU8 gpu_scope_no_uuid[16];

/**
 * gpu_scope_new: the scope of an instance.
 * @devices, @n_devices: its nodes; the GPUs among them are its GPUs. They and @host outlive the
 * scope. Nothing is asked of the host yet.
 */
GpuScope *gpu_scope_new(const Device *devices, unsigned n_devices, Host *host);

/** gpu_scope_free: @scope may be NULL. */
void gpu_scope_free(GpuScope *scope);

/**
 * gpu_scope_prepare: find out what the driver calls our GPUs, once. May block.
 * Returns: 0 or an errno; the next call tries again.
 */
int gpu_scope_prepare(GpuScope *scope);

/* Questions about a prepared scope. They may ask the driver, and block. */

/** gpu_scope_has_id: is this the id of a GPU of ours? */
bool gpu_scope_has_id(const GpuScope *scope, NvU32 gpu_id);

/** gpu_scope_has_address: is a GPU of ours at this PCI address? */
bool gpu_scope_has_address(const GpuScope *scope, NvU32 domain, NvU32 bus, NvU32 slot);

/** gpu_scope_has_uuid: is this the UUID of a GPU of ours? */
bool gpu_scope_has_uuid(GpuScope *scope, const NvU8 *uuid);

/** gpu_scope_is_foreign_uuid: is this the UUID of a GPU of the host's that is not ours, as far as
 * the driver knows? Partitions of our GPUs and the processor have UUIDs as well. */
bool gpu_scope_is_foreign_uuid(GpuScope *scope, const NvU8 *uuid);

/** gpu_scope_instances: the mask of the device instances that our GPUs have now. */
NvU32 gpu_scope_instances(GpuScope *scope);

/** gpu_scope_free_instance: a device instance that no GPU has now. */
NvU32 gpu_scope_free_instance(GpuScope *scope);

/**
 * gpu_scope_hold: keep the GPU of ours with a device instance started, so that it keeps that.
 * Returns: a host file to be closed by gpu_scope_release(), or -1: none of ours has it.
 */
int gpu_scope_hold(GpuScope *scope, NvU32 instance);

/** gpu_scope_release: @fd: from gpu_scope_hold(); -1 is nothing. */
void gpu_scope_release(GpuScope *scope, int fd);
