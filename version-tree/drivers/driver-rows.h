/* SPDX-License-Identifier: Apache-2.0 */
/* Macros for a release's rows, for the files driver-SERIES.c.
 *
 * Adds an entry. STRUCT is left out if there is none:
 *
 *     ADD(KIND, handler, CAPS, NUMBER, STRUCT)
 *
 * Changes an entry's handler, its capabilities or its struct:
 *
 *     REPLACE(KIND, handler, CAPS, NUMBER, STRUCT)
 *
 * Removes an entry:
 *
 *     REMOVE(KIND, NUMBER)
 *
 * Gives all entries with STRUCT the shape STRUCT_VSERIES from this release on:
 *
 *     SHAPE(STRUCT, SERIES)
 *
 * NUMBER is the driver's name of the number, defined in abi/. ADD_AS and REPLACE_AS take the name as their
 * first argument. They are for numbers whose name the driver used for another number before. */
#pragma once

#include "abi/alloc-channel.h"
#include "abi/alloc.h"
#include "abi/class.h"
#include "abi/control/ctrl-channel.h"
#include "abi/control/ctrl-debug.h"
#include "abi/control/ctrl-memory.h"
#include "abi/control/ctrl0000.h"
#include "abi/control/ctrl0080.h"
#include "abi/control/ctrl2080-bus.h"
#include "abi/control/ctrl2080-fb.h"
#include "abi/control/ctrl2080-gpu.h"
#include "abi/control/ctrl2080-gr.h"
#include "abi/control/ctrl2080-perf.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/uvm.h"
#include "version-tree/driver-release.h"
#include "version-tree/drivers/driver-list.h"

/* The sets of capabilities that rows use. */
#define CU   (NV_CAP_COMPUTE | NV_CAP_UTILITY)
#define CGU  (NV_CAP_COMPUTE | NV_CAP_GRAPHICS | NV_CAP_UTILITY)
#define CUV  (NV_CAP_COMPUTE | NV_CAP_UTILITY | NV_CAP_VIDEO)
#define G    NV_CAP_GRAPHICS
#define GV   (NV_CAP_GRAPHICS | NV_CAP_VIDEO)
#define V    NV_CAP_VIDEO
#define PROF NV_CAP_PROFILING
#define IMEX NV_CAP_FABRIC_IMEX_MGMT
#define RDMA NV_CAP_RDMA

#define ADD(KIND, HANDLER, CAPS, NUMBER, ...) \
    ABI_ROW(ABI_ADD, #NUMBER, KIND, HANDLER, CAPS, NUMBER, __VA_ARGS__)
#define ADD_AS(NAME, KIND, HANDLER, CAPS, NUMBER, ...) \
    ABI_ROW(ABI_ADD, NAME, KIND, HANDLER, CAPS, NUMBER, __VA_ARGS__)
#define REPLACE(KIND, HANDLER, CAPS, NUMBER, ...) \
    ABI_ROW(ABI_REPLACE, #NUMBER, KIND, HANDLER, CAPS, NUMBER, __VA_ARGS__)
#define REPLACE_AS(NAME, KIND, HANDLER, CAPS, NUMBER, ...) \
    ABI_ROW(ABI_REPLACE, NAME, KIND, HANDLER, CAPS, NUMBER, __VA_ARGS__)
#define REMOVE(KIND, NUMBER)                                                                  \
    {                                                                                         \
        .op = ABI_REMOVE, .entry = {.kind = ABI_##KIND, .number = (NUMBER), .name = #NUMBER } \
    }
#define SHAPE(STRUCT, SERIES)                          \
    {                                                  \
        &STRUCT##_layout, &STRUCT##_V##SERIES##_layout \
    }

#define CHANGES(ROWS) .changes = (ROWS), .n_changes = G_N_ELEMENTS(ROWS)
#define SHAPES(ROWS)  .shapes = (ROWS), .n_shapes = G_N_ELEMENTS(ROWS)

#define NO_INSTALLER DRIVER_NO_INSTALLER

#define ABI_ROW(OP, NAME, KIND, HANDLER, CAPS, NUMBER, ...) \
    {                                                       \
        .op = (OP), .entry = {                              \
            .kind = ABI_##KIND,                             \
            .handler = HANDLER_##HANDLER,                   \
            .number = (NUMBER),                             \
            .caps = (CAPS),                                 \
            .name = (NAME),                                 \
            __VA_OPT__(ABI_ROW_LAYOUTS(__VA_ARGS__))        \
        }                                                   \
    }
#define ABI_ROW_LAYOUTS(STRUCT, ...) \
    .layout = &STRUCT##_layout, __VA_OPT__(.short_layout = ABI_LAYOUT_OF(__VA_ARGS__))
#define ABI_LAYOUT_OF(STRUCT) &STRUCT##_layout

#define DRIVER_DECLARE(RELEASE) extern const DriverRelease driver_##RELEASE;
DRIVER_RELEASES(DRIVER_DECLARE)
