/* SPDX-License-Identifier: Apache-2.0 */
/* GPU scoping of one call: changes its parameters just before the host's driver gets them, and just after. */
#pragma once

#include "cuse-server/proxy/call/request.h"
#include "cuse-server/proxy/scope/gpu-scope.h"

/**
 * GpuScopeCall: what gpu_scope_before() keeps for gpu_scope_after().
 * @params: the parameters for the host, in place of the guest's
 * @guest: a copy of the guest's parameters, or NULL: scoping does not change them
 * @scratch: what @params points to if gpu_scope_before() allocated it, or NULL
 * @gpu: the number among the instance's GPUs of the GPU that the parameters name by its device instance, or NO_GPU
 * @held: a host file that keeps a GPU started, so that it keeps its device instance; or -1
 */
typedef struct {
    GpuScope *scope;
    const AbiMembers *members;
    void *params;
    void *guest;
    void *scratch;
    uint32_t gpu;
    int held;
} GpuScopeCall;

/** gpu_scope_none: initialise a call that may not reach gpu_scope_before(). gpu_scope_after() then does nothing. */
void gpu_scope_none(GpuScopeCall *call);

/**
 * gpu_scope_before: make a call's parameters fit for the driver.
 * @req: a request in an instance that has a scope (Proxy.scope)
 * @members: the members of the driver's struct for this call
 * @params: the private copy, changed in place, or NULL
 * @size: the size of @params that the guest states. If it differs from the struct's size, the driver refuses
 * the call, but only after all its other checks. The driver then gets zeroes, and the guest's copy stays
 * unchanged.
 *
 * Returns: true: make the call with @call->params, and then call gpu_scope_after() in any case. False: the
 * request is already answered.
 */
bool gpu_scope_before(GpuScopeCall *call, Request *req, const AbiMembers *members, void *params,
                      size_t size);

/**
 * gpu_scope_after: make the parameters fit for the guest, and free what gpu_scope_before() kept.
 * @ok: the driver's call succeeded
 */
void gpu_scope_after(GpuScopeCall *call, bool ok);
