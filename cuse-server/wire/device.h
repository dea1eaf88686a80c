/* SPDX-License-Identifier: Apache-2.0 */
/* The NVIDIA device nodes that an instance offers. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/sysmacros.h>
#include <sys/types.h>

#include "abi/nv-ioctl.h"

/** DeviceKind: the driver interface behind a node. It selects the table in which the node's ioctls are looked up.
 */
typedef enum {
    DEVICE_FRONTEND,  /* nvidiactl, nvidia0 ...: the resource manager */
    DEVICE_UVM,       /* nvidia-uvm */
    DEVICE_UVM_TOOLS, /* nvidia-uvm-tools: present, but none of its ioctls is vetted */
    DEVICE_OPEN_ONLY, /* nvidia-caps, IMEX channels: all that programs need of it is the open file */
    DEVICE_DMA_BUF,   /* no node: a dma-buf that the driver exported, held for a guest */
} DeviceKind;

enum {
    IMEX_CHANNELS_MAX = 64,
    CAPABILITY_NODES_MAX = 3, /* fabric-imex-mgmt, MIG's config and monitor */
    DEVICES_MAX = NV_MINOR_DEVICE_NUMBER_REGULAR_MAX + 1 + /* GPUs */
                  4 + /* nvidiactl, nvidia-uvm, nvidia-uvm-tools, dma-bufs */
                  CAPABILITY_NODES_MAX + IMEX_CHANNELS_MAX,
    DEVICE_NAME_MAX = 48,
};

/**
 * Device: one node.
 * @kind: see DeviceKind
 * @name: path below /dev, for example "nvidia0" or "nvidia-caps/nvidia-cap1"
 * @number: the host's device number, which the guest's node shows as well; 0: the device has no node
 */
typedef struct {
    DeviceKind kind;
    char name[DEVICE_NAME_MAX];
    dev_t number;
} Device;

/** device_has_node: tell whether guests open this device by a node. Only DEVICE_DMA_BUF has no node. */
static inline bool device_has_node(const Device *device)
{
    return device->kind != DEVICE_DMA_BUF;
}

/** device_is_gpu: tell whether a device is a GPU. The control device is a frontend device, too, but none of a GPU. */
static inline bool device_is_gpu(const Device *device)
{
    return device->kind == DEVICE_FRONTEND &&
           minor(device->number) <= NV_MINOR_DEVICE_NUMBER_REGULAR_MAX;
}

/** device_gpu: the number of the GPU devices[@index] among the GPUs of @devices, from 0. */
static inline uint32_t device_gpu(const Device *devices, unsigned index)
{
    uint32_t gpu = 0;

    for (unsigned i = 0; i < index; i++) {
        gpu += device_is_gpu(&devices[i]);
    }
    return gpu;
}
