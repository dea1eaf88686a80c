/* SPDX-License-Identifier: Apache-2.0 */
/* A guest that allocates memory and maps it by nvidia-uvm. Its calls may be made by several threads. */
#pragma once

#include "abi/nvos.h"
#include "abi/uvm.h"
#include "tests/unit/support/fake-host.h"

enum {
    CLIENT = 0xc1d00001,
    OTHER = 0xc1d00002,
    DEVICE = 0xcaf00001,
    MEMORY = 0xcaf00002,
    SECOND = 0xcaf00003,
    BYTES = 0x10000,
    BOTH = 2 * BYTES,
    BASE = 0x40000000, /* of the external range, which has RANGE bytes */
    RANGE = 0x100000,
};

/** fake, ctl, uvm: the host, and the guest's files. */
extern Fake *fake;
extern NvFile *ctl;
extern NvFile *uvm;

/** page: the limits. Only GPU 0 has one. */
extern QuotaPage page;

/** next_status: the driver's status for what comes next. */
extern NvU32 next_status;

/** in_driver: called in each call that the driver makes, which has not answered yet; or NULL. */
extern void (*in_driver)(uint32_t command, void *argument);

/** start: make the host with a driver of this version, and a limit of BOTH. */
void start(const char *version);
void stop(void);

/** call: make an ioctl. Returns: the errno, which must be 0 unless the test expects another one. */
int call(NvFile *file, uint32_t command, void *params);

/** allocate, free_memory, uvm_...: make calls. Each returns the driver's status. */
NvU32 allocate(NvHandle handle);
NvU32 free_memory(NvHandle handle);
NvU32 uvm_create(uint64_t base, uint64_t length);
NvU32 uvm_map(NvHandle client, NvHandle handle, uint64_t base, uint64_t length, unsigned n_gpus);
NvU32 uvm_unmap(uint64_t base, uint64_t length, unsigned gpu);
NvU32 uvm_free(uint64_t base, uint64_t length);
NvU32 uvm_unregister(uint32_t command, unsigned gpu);

/** used: the bytes that count. */
uint64_t used(void);

/** objects: what counts against the limit of objects. */
unsigned objects(void);
