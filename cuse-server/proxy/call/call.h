/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call of a guest's, as its effect sees it, and what an effect is. The pipeline (pipeline.c) takes a call through all that is
 * the same for every call: it looks the call up, copies what the guest passed, checks and translates it by the roles of the members
 * (abi/role.h), asks the host, translates the answer, and counts. What a call does beside that is its effect: what it remembers, and
 * what it changes in the parameters. An effect makes no ioctl of the guest's at the host, and has no way to leave out a check.
 *
 * `choose` and `map` may run several times, since guest memory may have to be fetched; all else runs once.
 */
#pragma once

#include "abi/nvos.h"
#include "cuse-server/proxy/call/guest-memory.h"
#include "cuse-server/proxy/objects/nv-file.h"
#include "cuse-server/proxy/objects/object-tree.h"
#include "cuse-server/proxy/scope/gpu-scope.h"
#include "cuse-server/wire/device.h"
#include "cuse-server/wire/refusal.h"
#include "version-tree/abi-entry.h"

/** CallWork: what the pipeline keeps of a call. */
typedef struct CallWork CallWork;

/**
 * Call: all pointers are to private copies.
 * @entry: the ioctl's, or the command's or class's; NULL: a command that the table need not have
 * @argument: the ioctl's struct (of NV_ESC_RM_ALLOC always the longer form), or NULL; @argument_size: in bytes
 * @params: the struct of @entry, which may be @argument; NULL: there is none; @params_size: in bytes, as the guest says
 * @asked: @params as the guest passed them, if the effect keeps them
 * @own: what the host gets in place of the argument, or NULL
 * @file_id: the file that the call is made on
 * @target: a file that the parameters name, if the effect wants it or makes its mapping
 * @objects: what the guests of the instance have
 * @scope: NULL: all GPUs of the host are the instance's
 * @client: in which the call is made, locked as the effect says, or NULL
 * @clients: two that the effect has locked
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
    Client *client;
    ClientPair clients;
    CallWork *work;
} Call;

/** ArgumentForm: what an ioctl's argument is. */
typedef enum {
    ARGUMENT_STRUCT, /* the entry's struct, of its size */
    ARGUMENT_ARRAY,  /* as many bytes as the ioctl says */
    ARGUMENT_NONE,   /* whatever it is, nobody reads it */
} ArgumentForm;

/** ParamsSize: what becomes of a control command whose parameters are not as long as its struct. */
typedef enum {
    SIZE_EXACT,  /* it is refused with EINVAL */
    SIZE_STRUCT, /* it is refused as the driver does: rs_resource.c, resControlLookup_IMPL */
    SIZE_ANY,    /* it is passed on, unless members have to be looked at; then as SIZE_STRUCT */
} ParamsSize;

/** ClientLock: whether the client of the call is locked from before the host is asked until `after`. */
typedef enum {
    LOCK_NONE,
    LOCK_KNOWN,    /* if it is recorded; else it is for the driver to judge */
    LOCK_EXISTING, /* the call is refused if it is not */
    LOCK_FOR_NEW,  /* the same, and if there is no room for an object more */
} ClientLock;

/** HostWay: how the host is asked. */
typedef enum {
    ASK_HOST,     /* by the worker, once */
    ASK_IN_GUEST, /* in the guest's process, since the driver acts on the memory of who asks */
    ASK_IN_GUEST_OR_SHARED, /* the same for UVM_INITIALIZE; where that cannot be, by the worker, for many processes */
    ASK_FOR_FILE, /* by the worker; what the driver puts into the member with role FD becomes a file of the guest's */
} HostWay;

typedef struct Effect Effect;

/**
 * Effect: what a kind of call does. All zeroes: nothing beside what roles say.
 * @access: of the parameters, but of a class; 0: GUEST_INOUT
 * @argument: of ioctls
 * @size: of control commands
 * @no_params: of classes: there are none, whatever the guest passes
 * @bad_fd_is_status: a wrong descriptor is answered with NV_ERR_INVALID_ARGUMENT, not with EINVAL
 * @names_file: the descriptor that the role leaves to the effect (BY_EFFECT) is one; if not, the driver gets -1
 * @makes_mapping: the call may make the mapping context of the file that a descriptor names, which is Call.target; its lock is held
 * @keeps: Call.asked is wanted
 * @choose: of ioctls with a struct: which effect it is, by the argument; NULL: the call is refused
 * @map: ask for what no role tells. False: the call is refused
 * @check: the copies are there, descriptors and clients are translated, and nothing is locked. False: the call is refused
 * @before: the locks are held, the host is asked next. False: the call is refused
 * @after: the driver has done as it was asked, and the answer is translated. May refuse
 * @failed: the driver has answered with another status
 */
struct Effect {
    GuestAccess access;
    ArgumentForm argument;
    ParamsSize size;
    bool no_params;
    bool bad_fd_is_status;
    bool names_file;
    bool makes_mapping;
    bool keeps;
    ClientLock lock;
    HostWay way;
    const Effect *(*choose)(Call *call);
    bool (*map)(Call *call);
    bool (*check)(Call *call);
    bool (*before)(Call *call);
    void (*after)(Call *call);
    void (*failed)(Call *call);
};

/* --- for effects ------------------------------------------------------------------------------- */

/** call_refuse: answer with an errno; nothing is written back. Returns false. */
bool call_refuse(Call *call, int error, Refusal refusal);

/** call_refuse_status: answer with an NvStatus in the argument, which alone is written back. Returns false. */
bool call_refuse_status(Call *call, NvU32 status, Refusal refusal);

/** call_detail: say in the table of calls which of several calls in one this is. */
void call_detail(Call *call, uint32_t number);

/** call_map_array: ask for @size bytes that a pointer of the parameters points to; 0: the driver gets a null pointer. For `map`. */
void call_map_array(Call *call, NvP64 *at, size_t size, GuestAccess access);

/* For `check` and `before`. */

/** call_swap: put the host's value in place of the guest's until the host has answered. */
void call_swap(Call *call, void *at, const void *host, size_t size);

/** call_swap_pointer: the same with the address of a private copy, or NULL. */
void call_swap_pointer(Call *call, NvP64 *at, const void *copy);

/** call_take_target: set Call.target to the file of the first descriptor that was translated. False: there is none, and the call is
 * refused. */
bool call_take_target(Call *call);

/** call_ask_with: the host gets these bytes instead of the argument. @own: (transfer full): freed with g_free() at the end; it is
 * Call.own from now on */
void call_ask_with(Call *call, void *own, size_t size);

/* For `check`, `before` and `after`. */

/** call_process: which process calls. NULL: it is no more. */
const GuestProcess *call_process(Call *call);

/** call_number_of: the number that a process of the guest's has for the caller. False: none. */
bool call_number_of(Call *call, uint64_t process, uint32_t *number);

/** call_has_room: whether the instance may have so many objects more. If not, the call is refused. Looks at files that are gone and
 * their clients, so nothing may be locked: for `check`. */
bool call_has_room(Call *call, unsigned objects, bool client);

/** call_control: the argument of a control command. */
static inline NVOS54_PARAMETERS *call_control(const Call *call)
{
    return call->argument;
}
