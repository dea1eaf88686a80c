/* SPDX-License-Identifier: Apache-2.0 */
/* A call carried out in one go: its handler is run once, from the top, on the caller's memory. */
#pragma once

#include "cuse-server/proxy/call/request.h"
#include "cuse-server/worker/memory/call-memory.h"

/**
 * WholeCallAct: run the request's handler, in which it may wait for the host.
 */
typedef RequestResult (*WholeCallAct)(Request *req, void *data);

/**
 * whole_call_run: read what the handler asks for, run it, write its answers back. The caller must wait
 * for the answer throughout.
 * @memory: the caller's
 * @req: its error is set to what the caller gets; everything is written back if that is 0, but for
 *     call_memory_reply()
 * @act: called with @data
 * Returns: false if the memory is postponed: nothing was done, nor is to be answered.
 */
bool whole_call_run(CallMemory *memory, Request *req, WholeCallAct act, void *data);
