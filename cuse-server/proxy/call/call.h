/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Defines a guest's call as its effect sees it, and defines effects. The pipeline (pipeline.c) does what is the same for every
 * call: it looks the call up, copies what the guest passed, checks and translates it by the roles of the members (abi/role.h),
 * asks the host, translates the answer, and counts the call. An effect does what is particular to a kind of call: it remembers
 * things, and it changes parameters. An effect does not make the guest's ioctl at the host, and cannot leave out a check.
 *
 * `choose` and `map` may run several times, because the transport may have to fetch guest memory. All other functions run once.
 */
#pragma once

#include "abi/nvos.h"
#include "cuse-server/proxy/call/guest-memory.h"
#include "cuse-server/proxy/objects/nv-file.h"
#include "cuse-server/proxy/objects/object-tree.h"
#include "cuse-server/proxy/scope/gpu-scope.h"
#include "cuse-server/proxy/shares/time-share.h"
#include "cuse-server/wire/device.h"
#include "cuse-server/wire/refusal.h"
#include "version-tree/abi-entry.h"

/** CallWork: the pipeline's own state of a call (call-work.h). */
typedef struct CallWork CallWork;

/**
 * Call: one call of a guest. All pointers into guest memory point to private copies.
 * @entry: the table's entry for the ioctl, or for the control command or class; NULL: a command that the table need not contain
 * @argument: the ioctl's struct (for NV_ESC_RM_ALLOC always the longer form), or NULL; @argument_size: in bytes
 * @params: the struct of @entry, or NULL; may be the same as @argument; @params_size: in bytes; for a control command, as the
 * guest says
 * @asked: a copy of @params as the guest passed them, if Effect.keeps is set
 * @own: the bytes that the host gets in place of the argument, or NULL
 * @file_id: the file that the call is made on
 * @target: a file that the parameters name, if the effect asks for it or Effect.locks_target is set
 * @objects: the objects of the instance's guests
 * @scope: the GPUs that the instance may see; NULL: all GPUs of the host
 * @shares: how much of the GPUs' time the instance gets; NULL: as much as its guests take
 * @granted: for the effect: what `before` has put in place of the guest's value, for `after`
 * @leaving: the channels that the host may take away in the call, or NULL. `before` sets it
 * @client: the client in which the call is made, locked as Effect.lock says, or NULL
 * @clients: two clients that the effect has locked
 * @gpu: the number among the instance's GPUs of the GPU that the parameters name by its device instance; NO_GPU: none, or use is
 * not told apart by GPU
 * @budgets: how much memory the instance's guests hold and may hold
 * @charge: for the memory that Effect.cost has announced, or NULL. `after` takes it if the memory stays allocated
 * @ranges: those of the file that the call is made on, if Effect.locks_ranges is set
 */
typedef struct {
    const AbiEntry *entry;
    void *argument;
    size_t argument_size;
    void *params;
    size_t params_size;
    void *asked;
    void *own;
    uint32_t file_id;
    NvFile *target;
    ObjectTree *objects;
    GpuScope *scope;
    TimeShares *shares;
    uint64_t granted;
    GPtrArray *leaving;
    Client *client;
    ClientPair clients;
    uint32_t gpu;
    Budgets *budgets;
    Charge *charge;
    UvmRanges *ranges;
    CallWork *work;
} Call;

/** ArgumentForm: the form of an ioctl's argument. */
typedef enum {
    ARGUMENT_STRUCT, /* the entry's struct, of its size */
    ARGUMENT_ARRAY,  /* as many bytes as the ioctl word says */
    ARGUMENT_NONE,   /* the argument is not read */
} ArgumentForm;

/** ParamsSize: how to treat a control command whose parameters are not as long as its struct. */
typedef enum {
    SIZE_EXACT,  /* refuse it with EINVAL */
    SIZE_STRUCT, /* refuse it as the driver does: rs_resource.c, resControlLookup_IMPL */
    SIZE_ANY,    /* pass it on, unless members have to be looked at; then as SIZE_STRUCT */
} ParamsSize;

/** ClientLock: whether the pipeline locks the client of the call, from before it asks the host until after `after`. Calls of
 * nvidia-uvm are not made in a client: for them it is the client that they name. */
typedef enum {
    LOCK_NONE,
    LOCK_KNOWN,    /* lock it if it is recorded; else let the driver judge the handle */
    LOCK_EXISTING, /* lock it; refuse the call if the client is not recorded */
    LOCK_FOR_NEW,  /* the same; also refuse the call if there is no room for one more object */
} ClientLock;

/** HostWay: how the pipeline makes the call at the host. */
typedef enum {
    ASK_HOST,     /* by the worker, once */
    ASK_IN_GUEST, /* in the guest's process, since the driver acts on the caller's memory */
    ASK_IN_GUEST_OR_SHARED, /* the same, for UVM_INITIALIZE; if that is not possible, by the worker, for many processes */
    ASK_FOR_FILE, /* by the worker; the guest gets a file for the one that the driver puts into the member with role FD */
} HostWay;

/** CostKind: the kind of memory that a call makes the driver allocate. COST_HOLDER: none, but the call gets a charge, with which the
 * new object can hold the memory of others. */
typedef enum { COST_NONE, COST_HOLDER, COST_GPU, COST_PINNED } CostKind;

/** CallCost: memory that a call makes the driver allocate. @gpu: for COST_GPU: which GPU's, by its number among the instance's */
typedef struct {
    CostKind kind;
    uint32_t gpu;
    uint64_t bytes;
} CallCost;

typedef struct Effect Effect;

/**
 * Effect: what a kind of call does beside what the roles of its members say. All zeroes: nothing.
 * @access: how the parameters are copied; 0: GUEST_INOUT. Not used for classes
 * @argument: for ioctls
 * @size: for control commands
 * @no_params: for classes: ignore the parameters that the guest passes
 * @bad_fd_is_status: answer a wrong descriptor with NV_ERR_INVALID_ARGUMENT instead of EINVAL
 * @names_file: the member that the role leaves to the effect (BY_EFFECT) is a descriptor; if false, the driver gets -1
 * @locks_target: the call may change what the driver keeps with the file that a descriptor names. That file becomes Call.target,
 * and is locked during the call
 * @locks_ranges: the call changes the ranges of its file of nvidia-uvm, or what is mapped there. Sets Call.ranges, which are locked
 * during the call
 * @keeps: set Call.asked
 * @lock, @way: see ClientLock and HostWay
 * @choose: for ioctls with a struct: choose the real effect by the argument. Returns NULL if it has refused the call
 * @map: ask for guest memory that no role describes. Returns false if it has refused the call
 * @check: called when the copies are here, and descriptors and clients are translated; nothing is locked. Returns false if it has
 * refused the call
 * @before: called with the locks held, before the host is asked. Returns false if it has refused the call
 * @cost: called after `before`: the memory that the driver would allocate. If the quota has no room for it, the call is refused
 * @after: called when the driver has answered with NV_OK, or without a status, and the answer is translated. May refuse the call
 * @failed: called when the driver has answered with another status
 * @not_answered: called when the host has answered with an errno, which the guest gets; the argument is as the driver left it
 */
struct Effect {
    GuestAccess access;
    ArgumentForm argument;
    ParamsSize size;
    bool no_params;
    bool bad_fd_is_status;
    bool names_file;
    bool locks_target;
    bool locks_ranges;
    bool keeps;
    ClientLock lock;
    HostWay way;
    const Effect *(*choose)(Call *call);
    bool (*map)(Call *call);
    bool (*check)(Call *call);
    bool (*before)(Call *call);
    CallCost (*cost)(const Call *call);
    void (*after)(Call *call);
    void (*failed)(Call *call);
    void (*not_answered)(Call *call);
};

/* --- for effects ------------------------------------------------------------------------------- */

/** call_refuse: answer with an errno, and write nothing back. Returns false. */
bool call_refuse(Call *call, int error, Refusal refusal);

/** call_refuse_status: answer with an NvStatus in the argument, and write back nothing else. Returns false. */
bool call_refuse_status(Call *call, NvU32 status, Refusal refusal);

/** call_detail: set the detail number under which the table of calls counts a call that has several functions. */
void call_detail(Call *call, uint32_t number);

/** call_map_array: ask for @size bytes that the pointer @at points to; if @size is 0, the driver gets a null pointer. For
 * `map`. */
void call_map_array(Call *call, NvP64 *at, size_t size, GuestAccess access);

/* For `check` and `before`. */

/** call_swap: replace the guest's value by the host's until the host has answered. @size: of both, in bytes */
void call_swap(Call *call, void *at, const void *host, size_t size);

/** call_swap_pointer: the same with the address of a private copy, or NULL. */
void call_swap_pointer(Call *call, NvP64 *at, const void *copy);

/** call_take_target: set Call.target to the file of the first descriptor that was translated. If no descriptor was translated,
 * refuses the call and returns false. */
bool call_take_target(Call *call);

/** call_ask_with: give the host these bytes instead of the argument, and set Call.own to them. @own: (transfer full): freed with
 * g_free() at the end; @size: in bytes */
void call_ask_with(Call *call, void *own, size_t size);

/* For `check`, `before` and `after`. */

/** call_array: get the private copy of an array. @at: the member that points to it, in the parameters; @size: set to the bytes of the
 * copy. Returns NULL if the guest has passed a null pointer. */
void *call_array(const Call *call, const NvP64 *at, size_t *size);

/** call_process: the process that calls. Returns NULL if it has ended. */
const GuestProcess *call_process(Call *call);

/** call_number_of: get the process id of a guest's process as the caller sees it. @process: GuestProcess.id. Returns false if the
 * caller has no number for it. */
bool call_number_of(Call *call, uint64_t process, uint32_t *number);

/** call_has_room: whether the instance may have @objects more objects, and one more client if @client is set. If not, refuses the
 * call and returns false. For `check` only: it may drop released files and their clients, so no lock may be held. */
bool call_has_room(Call *call, unsigned objects, bool client);

/** call_control: the argument of a control command. */
static inline NVOS54_PARAMETERS *call_control(const Call *call)
{
    return call->argument;
}
