/* SPDX-License-Identifier: Apache-2.0 */
/* What GPU scoping does to one call, just before the host's driver gets it and just after. */
#pragma once

#include "cuse-server/proxy/call/request.h"
#include "cuse-server/proxy/scope/gpu-scope.h"

/**
 * GpuScopeCall: what is kept between the two.
 * @params: what the host is to get in place of the guest's
 * @guest: a copy of the guest's, or NULL: the call is none of our business
 * @held: a host file that keeps a GPU where it is, or -1
 */
typedef struct {
    GpuScope *scope;
    const AbiMembers *members;
    void *params;
    void *guest;
    void *scratch;
    int held;
} GpuScopeCall;

/** gpu_scope_none: of a call that has not come to gpu_scope_before(): gpu_scope_after() does nothing. */
void gpu_scope_none(GpuScopeCall *call);

/**
 * gpu_scope_before: make parameters fit for the driver.
 * @members: those of the driver's struct for this call
 * @params: the private copy, changed in place, or NULL
 * @size: how long the guest says it is. If that is not the struct's size the driver refuses the call
 * when it has looked at everything else, so it gets zeroes to look at, and the guest gets nothing.
 *
 * Returns: true: make the call with @call->params, and then gpu_scope_after() in any case. False: the
 * request is answered.
 */
bool gpu_scope_before(GpuScopeCall *call, Request *req, const AbiMembers *members, void *params,
                      size_t size);

/**
 * gpu_scope_after: make parameters fit for the guest.
 * @ok: the driver did as it was asked
 */
void gpu_scope_after(GpuScopeCall *call, bool ok);
