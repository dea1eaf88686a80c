/* SPDX-License-Identifier: Apache-2.0 */
/* What the pipeline keeps of a call, for its own parts; effects do not see it. */
#pragma once

#include "cuse-server/proxy/call/call.h"
#include "cuse-server/proxy/call/request.h"
#include "cuse-server/proxy/scope/gpu-scope-call.h"

enum { CALL_ARRAYS_MAX = 3 };

/** CallStep: what comes after a step of the pipeline. */
typedef enum {
    CALL_GOES_ON,
    CALL_WAITS,    /* for guest memory: it is run again from the beginning */
    CALL_ANSWERED, /* the request says how */
} CallStep;

/** CallArray: what a member points to. @at: the member; @copy, @size: NULL: the driver gets a null pointer; @are_clients: it is of
 * clients' handles */
typedef struct {
    NvP64 *at;
    void *copy;
    size_t size;
    bool are_clients;
} CallArray;

/**
 * CallWork:
 * @effect: NULL until the call is looked up
 * @of_argument: the members of Call.argument; @members: of Call.params, or none if those are not as long as their struct
 * @command: the host's; @host_argument, @host_size: what the host gets, NULL: the parameters; @params_at: the member of it that is
 * to point to them, or NULL
 * @unsized: the driver copies the parameters by a size that it knows itself (driver-block.h)
 * @asked_host: the driver has taken the call
 * @alloc: of NV_ESC_RM_ALLOC: the argument in the guest's own form, NULL: it is another call; whether that is the shorter one; the
 * copy that the class was taken from, or NULL; and the argument in the longer form
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
    unsigned n_arrays;
    CallArray arrays[CALL_ARRAYS_MAX];
    GpuScopeCall scoped;
    bool mapping_locked;
    struct {
        void *guest;
        bool short_form;
        const void *event;
        NVOS64_PARAMETERS wide;
    } alloc;
};

/* Looking up: what each kind of table has of its own. Effect, members, copies and the host's command are set. */
CallStep frontend_look_up(Call *call);
CallStep uvm_look_up(Call *call);
CallStep control_look_up(Call *call);
CallStep alloc_look_up(Call *call);

/** alloc_settle: the copies of NV_ESC_RM_ALLOC are there. */
void alloc_settle(Call *call);

/** alloc_narrow: put the answer into the guest's own form. */
void alloc_narrow(Call *call);

/** call_arrays_map: ask for the arrays that members point to. False: the call is refused. */
bool call_arrays_map(Call *call);

/** call_translate: by the roles of members put the host's values in place of the guest's, but of GPUs. False: the call is refused. */
bool call_translate(Call *call);

/** call_ask: ask the host. False: it has not taken the call, and the request says what the guest gets. */
bool call_ask(Call *call);

/** call_status: where the argument has the driver's answer, or NULL. */
NvU32 *call_status(const Call *call);
