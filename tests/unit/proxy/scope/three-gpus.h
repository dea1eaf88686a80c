/* SPDX-License-Identifier: Apache-2.0 */
/* A driver with three GPUs, of which the instance has one, and a guest that calls it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/support/fake-host.h"

enum {
    PARAMS = GUEST_BASE + 0x1000,
    OURS = 1, /* index of the GPU that the instance has: minor 0 */
    GPUS = 3,
    FREE_INSTANCE = 31,
    PREFILL = 0x33,
};

/* --- the GPUs --------------------------------------------------------------------------------------- */

/** ids: in another order than minors and instances, and so that a search for their bytes finds nothing else. */
extern const NvU32 ids[GPUS];

/** instances: device instances of the GPUs. */
extern const NvU32 instances[GPUS];

/** uuids: all 16 bytes of a GPU's UUID have this value. */
extern const NvU8 uuids[GPUS];

/* --- the driver ------------------------------------------------------------------------------------- */

/** target: the parameters of the call that the test makes next. */
extern const AbiMembers *target;

/** answer_status: the driver's status for that call. */
extern NvU32 answer_status;

/** say: what the driver writes into that call's parameters; NULL: nothing. */
extern void (*say)(NvU8 *params);

/** seen: that call's parameters as the driver got them, of @seen_size bytes; NULL: it got none. */
extern NvU8 *seen;
extern NvU32 seen_size;

/** n_open_in_call: how many of the host's files were open during that call. */
extern unsigned n_open_in_call;

/** asked: how many controls the proxy has made for itself. */
extern unsigned asked;

/** answer: the fake host's answers. Returns: errno value. */
int answer(Fake *f, uint32_t command, void *argument);

/* --- the guest -------------------------------------------------------------------------------------- */

/** fake, ctl, client: the instance, an open control file of the guest's, and its client. */
extern Fake *fake;
extern NvFile *ctl;
extern NvHandle client;

/** start: an instance of this driver version, with the guest's files and client. */
void start(const char *version);

/** stop: free the instance. */
void stop(void);

/** call_entry: make the call of @entry, with the parameters at PARAMS. It must reach the driver. */
void call_entry(const AbiEntry *entry);

/** clean_params: fill the parameters at PARAMS with zeroes, except descriptors and clients that the call needs. Returns: their address. */
NvU8 *clean_params(const AbiLayout *layout);

/** has_foreign: whether the bytes contain the id or UUID of a GPU that the instance does not have. */
bool has_foreign(const void *params, size_t size);

/* --- members that name GPUs ------------------------------------------------------------------------- */

#define FOR_EACH_GPU(MEMBER, MEMBERS) \
    ABI_FOR_EACH_MEMBER_OF(MEMBER, MEMBERS, ABI_ROLE_GPU_ID, N_ABI_ROLES)

/** first_of: the first member that names a GPU. */
const AbiMember *first_of(const AbiMembers *members);

/** names_gpus: whether there is such a member. */
bool names_gpus(const AbiMembers *members);

/** put, get: the value of a member in parameters; of an array, element @i. */
void put(void *params, const AbiPlace *member, uint32_t i, NvU32 value);
NvU32 get(const void *params, const AbiPlace *member, uint32_t i);

/** at: address of that value. */
void *at(void *params, const AbiPlace *member, uint32_t i);
