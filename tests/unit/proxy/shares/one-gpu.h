/* SPDX-License-Identifier: Apache-2.0 */
/* A driver with one GPU that knows channels: which are scheduled, which are switched off, and the time slices of their groups. */
#pragma once

#include "abi/control/ctrl2080-perf.h"
#include "abi/nvos.h"
#include "cuse-server/wire/quota/quota.h"
#include "tests/unit/support/fake-host.h"

enum {
    INSTANCE = 3,           /* the device instance of the GPU */
    DEVICE = 0xcaf00001,    /* of each client */
    SUBDEVICE = 0xcaf00002, /* of each client */
    GROUP = 0x5c000001,     /* the first group */
    CHANNEL = 0xcaf10001,   /* the first channel */
    DRIVERS_SLICE = 1024,   /* of a new group */
    COMPUTE = 1,            /* engine types */
    COPY = 9,
    THINGS_MAX = 4096,
};

/** Thing: a channel or a group, as the driver has it. @slice: of a group, in microseconds */
typedef struct {
    NvHandle client;
    NvHandle handle;
    NvHandle parent;
    bool is_group;
    bool scheduled;
    bool off;
    NvU64 slice;
    gint64 since; /* it runs, in microseconds */
} Thing;

extern Fake *fake;
extern NvFile *ctl; /* the guest's, on which client() is allocated */
extern QuotaPage page;
extern NV2080_CTRL_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2_PARAMS_V570 samples; /* the driver's */

extern bool refuses_to_switch; /* the driver has no NV2080_CTRL_CMD_FIFO_DISABLE_CHANNELS */

/* What has happened at the driver since the last reset_counts(). */
extern unsigned n_slices;   /* NVA06C_CTRL_CMD_SET_TIMESLICE */
extern unsigned n_switches; /* NV2080_CTRL_CMD_FIFO_DISABLE_CHANNELS */
extern unsigned n_schedules;
extern unsigned freed_off; /* channels that were freed while they were off */
extern unsigned n_mixed;   /* calls that switched unknown channels: refused */
extern unsigned n_started; /* how often a channel has begun to run */
extern gint64 ran_us;      /* for how long channels ran that do not run any more */

/** gpu_setup: make an instance with quotas for this driver version, and a client of a guest. */
void gpu_setup(const char *version);
void gpu_teardown(void);

/** gpu_start: make the guest's file, client and device; gpu_setup() does so. */
void gpu_start(void);
void reset_counts(void);

/** client: the guest's client. */
NvHandle client(void);

/** thing: the driver's channel or group, or NULL. */
Thing *thing(NvHandle handle);

/** n_running: how many channels the driver runs: scheduled and not off. */
unsigned n_running(void);

/* Calls of the guest. Each returns the status. */
NvU32 make_group(NvHandle handle, NvU32 engine);
NvU32 make_channel(NvHandle handle, NvHandle parent, NvU32 engine);
NvU32 schedule(NvHandle handle, bool enable);
NvU32 set_slice(NvHandle group, NvU64 slice);
NvU64 get_slice(NvHandle group);
NvU32 switch_off(NvHandle channel, bool off);
NvU32 free_object(NvHandle handle);

/** make_context: a group with two scheduled channels, which are CHANNEL + 2 * @i and the one behind it. */
void make_context(unsigned i);
