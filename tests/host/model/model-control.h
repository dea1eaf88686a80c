/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Commands that only the model driver has: by them a test reads and does what a GPU would. They are commands of NV2081_BINAPI
 * objects, whose numbers and parameters only the GPU interprets, so that everything between program and driver passes them on
 * as plain bytes.
 */
#pragma once

#include "abi/layout.h"

/*
 * Read or write up to MODEL_COPY_MAX bytes of a memory object of the same client, as the GPU would: through its pages, not
 * through a mapping.
 */
#define MODEL_CTRL_CMD_READ_MEMORY  0x2081f001
#define MODEL_CTRL_CMD_WRITE_MEMORY 0x2081f002
#define MODEL_COPY_MAX              1024

typedef struct {
    NvHandle hMemory;
    NvU32 length;
    NvU64 offset;
    NvU8 data[MODEL_COPY_MAX];
} MODEL_CTRL_MEMORY_PARAMS;

/*
 * Fire an event of the subdevice above the object: it reaches every event object that watches the subdevice for this index, if
 * NV2080_CTRL_CMD_EVENT_SET_NOTIFICATION asked for it.
 */
#define MODEL_CTRL_CMD_FIRE_EVENT 0x2081f003

typedef struct {
    NvU32 notifyIndex;
    NvU32 info32;
    NvU16 info16;
    NvU16 delivered; /* out */
} MODEL_CTRL_FIRE_EVENT_PARAMS;

/* Wait in the driver; a signal ends the wait and the system call. */
#define MODEL_CTRL_CMD_WAIT 0x2081f004

typedef struct {
    NvU32 milliseconds;
} MODEL_CTRL_WAIT_PARAMS;
