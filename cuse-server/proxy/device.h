/* SPDX-License-Identifier: Apache-2.0 */
/* The NVIDIA device nodes that an instance offers. */
#pragma once

#include <sys/types.h>

#include "abi/nv-ioctl.h"

/** DeviceKind: which driver interface is behind a node, so which table its ioctls are looked up in.
 */
typedef enum {
    DEVICE_FRONTEND,  /* nvidiactl, nvidia0 ...: the resource manager */
    DEVICE_UVM,       /* nvidia-uvm */
    DEVICE_UVM_TOOLS, /* nvidia-uvm-tools: present, but no ioctl of it is vetted */
} DeviceKind;

enum {
    DEVICES_MAX =
        NV_MINOR_DEVICE_NUMBER_REGULAR_MAX + 1 + 3, /* GPUs, nvidiactl, nvidia-uvm, -tools */
    DEVICE_NAME_MAX = 24,
};

/**
 * Device: one node.
 * @kind: see DeviceKind
 * @name: its name below /dev, for example "nvidia0"
 * @number: the host's device number, which the guest's node shows as well
 */
typedef struct {
    DeviceKind kind;
    char name[DEVICE_NAME_MAX];
    dev_t number;
} Device;
