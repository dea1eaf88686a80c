/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Commands that only the model driver has: they let a test see and do what a GPU would. They are
 * commands of NV2081_BINAPI objects, whose numbers and parameters are the GPU's own business, so
 * that they pass everything between a program and the driver as plain bytes.
 */
#pragma once

#include "abi/layout.h"

/* Read or write up to MODEL_COPY_MAX bytes of a memory object of the same client, as the GPU would:
 * through its pages, not through a mapping. */
#define MODEL_CTRL_CMD_READ_MEMORY  0x2081f001
#define MODEL_CTRL_CMD_WRITE_MEMORY 0x2081f002
#define MODEL_COPY_MAX              1024

typedef struct {
    NvHandle hMemory;
    NvU32 length;
    NvU64 offset;
    NvU8 data[MODEL_COPY_MAX];
} MODEL_CTRL_MEMORY_PARAMS;

/* Let the subdevice above the object have an event: it reaches every event object that watches it
 * for this index, if NV2080_CTRL_CMD_EVENT_SET_NOTIFICATION asked for it. */
#define MODEL_CTRL_CMD_FIRE_EVENT 0x2081f003

typedef struct {
    NvU32 notifyIndex;
    NvU32 info32;
    NvU16 info16;
    NvU16 delivered; /* out */
} MODEL_CTRL_FIRE_EVENT_PARAMS;

/* Wait in the driver, where a signal ends the wait and the system call with it. */
#define MODEL_CTRL_CMD_WAIT 0x2081f004

typedef struct {
    NvU32 milliseconds;
} MODEL_CTRL_WAIT_PARAMS;
