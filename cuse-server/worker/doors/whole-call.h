/* SPDX-License-Identifier: Apache-2.0 */
/* Carries out a call in one go: runs its handler once, from the top, on the caller's memory. */
#pragma once

#include "cuse-server/proxy/call/request.h"
#include "cuse-server/worker/memory/call-memory.h"

/**
 * WholeCallAct: run the request's handler, which may wait for the host.
 */
typedef RequestResult (*WholeCallAct)(Request *req, void *data);

/**
 * whole_call_run: read what the handler asks for, run the handler, write its results back. The guest's thread must wait
 * for the answer throughout.
 * @memory: the guest's memory
 * @req: its error is set to what the guest gets. If that is 0, everything has been written back, except what
 *     call_memory_reply() returns
 * @act: called with @data
 * Returns: false if the memory is postponed: nothing was done, and the caller must not answer.
 */
bool whole_call_run(CallMemory *memory, Request *req, WholeCallAct act, void *data);
