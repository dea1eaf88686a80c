/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that the guest programs share: NVIDIA's calls, as its libraries make them, and a transcript of their results.
 * The transcript goes to standard output. It contains nothing that differs from run to run: no address, no process id, no
 * handle that the driver chose.
 *
 * A transcript consists of sections, "# NAME", which are compared one by one. A call that fails is a line like any other;
 * the program continues, so that one missing call costs few sections.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "abi/alloc.h"
#include "abi/class.h"
#include "abi/control/ctrl-memory.h"
#include "abi/control/ctrl0000.h"
#include "abi/control/ctrl0080.h"
#include "abi/control/ctrl2080-fb.h"
#include "abi/control/ctrl2080-gpu.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "abi/uvm.h"
#include "tests/host/model/model-control.h"
#include "version-tree/driver-abi.h"

/* Handles that the programs choose, like NVIDIA's libraries. */
enum {
    H_DEVICE = 0x5c000001,
    H_SUBDEVICE,
    H_BINAPI,
    H_VASPACE,
    H_SYSTEM,
    H_VIDEO,
    H_OTHER,
    H_LAST
};

/* No new mapping for the CPU, which has the memory already; cached like the CPU's memory. */
#define WRITE_BACK     (5U << 12)
#define DESCRIBE_FLAGS (NVOS02_FLAGS_MAPPING_NO_MAP << NVOS02_FLAGS_MAPPING_SHIFT | WRITE_BACK)
#define CPU_READ_ONLY  (1U << NVOS02_FLAGS_ALLOC_USER_READ_ONLY_SHIFT)

/** section: begin a section of the transcript. */
void section(const char *name);

/** say: write a line to the transcript. */
#define say(FORMAT, ...) ((void)printf(FORMAT "\n" __VA_OPT__(, ) __VA_ARGS__))

/** status: the driver's name of a status, or the name of a system call's error: "NV_OK", "EINVAL". */
const char *status(int64_t result);

/** abi: the ABI of the driver that answers. The first call asks it, through an nvidiactl that it opens. */
const DriverAbi *abi(void);
const char *driver_version(void);

/** node: open /dev/NAME for reading and writing. Ends the program if that fails. */
int node(const char *name);

/** Params: the parameters of a control command or class, in this driver's shape, all zero. */
typedef struct {
    const AbiLayout *layout;
    unsigned char *data;
    size_t size;
} Params;

Params control_params(NvU32 command);
Params class_params(NvU32 class);
Params uvm_params(NvU32 number);
void params_free(Params *params);

bool params_has(const Params *params, const char *name);
NvU64 params_get(const Params *params, const char *name, unsigned index);
void params_put(const Params *params, const char *name, unsigned index, NvU64 value);
void *params_at(const Params *params, const char *name);

/* These functions return the status, or minus the errno value of the system call. */
int64_t rm_client(int ctl, NvHandle *client);
int64_t rm_alloc(int fd, NvHandle client, NvHandle parent, NvHandle object, NvU32 class,
                 void *params);
int64_t rm_free(int ctl, NvHandle client, NvHandle object);
int64_t rm_control(int ctl, NvHandle client, NvHandle object, NvU32 command, void *params,
                   size_t size);

/** rm_ask: issue a control without effect, to find out whether the caller can use this client. */
int64_t rm_ask(int ctl, NvHandle client);

int64_t rm_map(int ctl, NvHandle client, NvHandle memory, NvU64 offset, NvU64 length, int fd,
               NvU64 *linear_address);
int64_t rm_unmap(int ctl, NvHandle client, NvHandle memory, NvU64 linear_address);
int64_t uvm_call(int uvm, NvU32 number, const Params *params);

/** ioctl_status: issue a frontend ioctl whose argument has the status at @status_offset. */
int64_t ioctl_status(int fd, unsigned nr, void *argument, size_t size, size_t status_offset);

/** Tree: a client with a device, its subdevice, and the model's own object, on GPU 0. */
typedef struct {
    int ctl;
    int gpu; /* nvidia0, registered to ctl */
    NvHandle client;
} Tree;

/** tree: make one; a failure is a line of the transcript. */
Tree tree(void);
void tree_close(Tree *tree);

/** memory_new: allocate memory of a class with NV_MEMORY_ALLOCATION_PARAMS. */
int64_t memory_new(const Tree *tree, NvHandle handle, NvU32 class, NvU64 size);

/**
 * rm_describe: describe memory of the program's own to the driver, as object @handle.
 * @limit: its last byte; @flags: NVIDIA's libraries pass DESCRIBE_FLAGS
 */
int64_t rm_describe(int fd, const Tree *tree, NvHandle handle, const volatile void *address,
                    NvU64 limit, NvU32 flags);

/** gpu_read, gpu_write: read or write a word of memory as the GPU. */
int64_t gpu_read(const Tree *tree, NvHandle memory, NvU64 offset, NvU32 *value);
int64_t gpu_write(const Tree *tree, NvHandle memory, NvU64 offset, NvU32 value);

/** hash: a hash of bytes, for transcripts. */
NvU64 hash(const void *data, size_t size);
