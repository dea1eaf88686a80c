/* SPDX-License-Identifier: Apache-2.0 */
/* A guest with files of every kind and a device, and a client of another process: suite "memory". */
#pragma once

#include "abi/nvos.h"
#include "abi/nvos32.h"
#include "tests/unit/support/fake-host.h"

enum {
    CLIENT = 0xc1d00001,
    OTHER = 0xc1d00002,
    DEVICE = 0xcaf00001,
    MEMORY = 0xcaf00002,
    COPY = 0xcaf00003,
    OTHER_PROCESS = 202,
    ADDRESS = GUEST_BASE + 0x1000,
    LIST = GUEST_BASE + 0x2000,
    CTL_FD = 3,
    GPU_FD = 4,
    UVM_FD = 5,
    BAD_FD = 9,
};

/** fake, ctl, gpu: the host, and the guest's files CTL_FD and GPU_FD. */
extern Fake *fake;
extern NvFile *ctl;
extern NvFile *gpu;

/** next_status: the driver's status for what comes next. */
extern NvU32 next_status;

/** host_word: what the address in NV_ESC_RM_VID_HEAP_CONTROL pointed to, at the host. */
extern NvU64 host_word;

/** host_lists: what the lists of NV_ESC_RM_IDLE_CHANNELS contained, at the host. */
extern NvHandle host_lists[3][2];

/** class_of: the class that is recorded of an object; 0: there is no such object. */
uint32_t class_of(NvHandle client_handle, NvHandle object);
