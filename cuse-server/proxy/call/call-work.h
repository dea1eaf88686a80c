/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline's own state of a call. Effects do not see it. */
#pragma once

#include "cuse-server/proxy/call/call.h"
#include "cuse-server/proxy/call/request.h"
#include "cuse-server/proxy/scope/gpu-scope-call.h"

enum { CALL_ARRAYS_MAX = 3 };

/** CallStep: result of a step of the pipeline. */
typedef enum {
    CALL_GOES_ON,
    CALL_WAITS,    /* for guest memory; the call is run again from the beginning */
    CALL_SETTLES,  /* closed files have to be settled, and then the call goes on from step_lock */
    CALL_ANSWERED, /* the request contains the answer */
} CallStep;

/**
 * CallArray: an array that a member points to.
 * @at: the member
 * @copy, @size: the private copy, and its size in bytes; @copy is NULL: the driver gets a null pointer
 * @are_clients: the elements are client handles
 */
typedef struct {
    NvP64 *at;
    void *copy;
    size_t size;
    bool are_clients;
} CallArray;

/**
 * CallWork: state of one call in the pipeline.
 * @effect: NULL until the call is looked up
 * @of_argument: the members of Call.argument
 * @members: the members of Call.params; no members if the parameters are not as long as their struct
 * @command: the ioctl word for the host
 * @host_argument, @host_size: the argument that the host gets, and its size in bytes; NULL: the parameters are the argument
 * @params_at: the member of @host_argument that points to the parameters, or NULL
 * @unsized: the driver copies the parameters by a size that it knows itself (driver-block.h)
 * @asked_host: call_ask() has returned true
 * @got_errno: the host has answered with an errno
 * @settled: closed files have been settled for this call
 * @target_locked: Call.target's lock is held
 * @yielded: the channels in Call.leaving are switched on
 * @alloc: for NV_ESC_RM_ALLOC. @guest: the argument in the guest's own form; NULL: this is another call. @short_form: whether
 * that is the shorter form. @event: the copy that the class was taken from, or NULL. @wide: the argument in the longer form
 */
struct CallWork {
    Request *req;
    const Effect *effect;
    const AbiMembers *of_argument;
    const AbiMembers *members;
    uint32_t command;
    void *host_argument;
    size_t host_size;
    NvP64 *params_at;
    bool unsized;
    bool asked_host;
    bool got_errno;
    bool settled;
    unsigned n_arrays;
    CallArray arrays[CALL_ARRAYS_MAX];
    GpuScopeCall scoped;
    bool target_locked;
    bool yielded;
    struct {
        void *guest;
        bool short_form;
        const void *event;
        NVOS64_PARAMETERS wide;
    } alloc;
};

/* Look up a call in its kind of table. Each function sets the effect, the members, the copies and the host's command. */
CallStep frontend_look_up(Call *call);
CallStep uvm_look_up(Call *call);
CallStep control_look_up(Call *call);
CallStep alloc_look_up(Call *call);

/**
 * call_find_effect: set the effect by Call.entry, which may be NULL, and the capabilities of the instance.
 * Returns: REFUSAL_NONE; REFUSAL_CAPABILITY if the instance lacks the entry's capabilities; @unknown if there is no entry, or the
 * entry has no effect. The caller refuses the call.
 */
Refusal call_find_effect(Call *call, Refusal unknown);

/** alloc_settle: make the copies of NV_ESC_RM_ALLOC agree; called once all of them are here. */
void alloc_settle(Call *call);

/** alloc_narrow: copy the answer of NV_ESC_RM_ALLOC into the guest's own form. */
void alloc_narrow(Call *call);

/** call_arrays_map: ask for the arrays that members point to. Returns false if it has refused the call. */
bool call_arrays_map(Call *call);

/** call_translate: replace the guest's values by the host's, by the roles of members; except GPUs. Returns false if it has
 * refused the call. */
bool call_translate(Call *call);

/** call_ask: make the call at the host. Returns false if the call was not made, the host answered with an errno, or the guest
 * could not get a file that the driver has made; the request then contains the answer. */
bool call_ask(Call *call);

/** call_status: the member of the argument that contains the driver's status; NULL if there is no such member. */
NvU32 *call_status(const Call *call);
