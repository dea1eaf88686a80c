/* SPDX-License-Identifier: Apache-2.0 */
/* A call carried out in one go on its caller's memory, a descriptor from the broker. */
#pragma once

#include "cuse-server/proxy/request.h"

/**
 * WholeCallAct: run the request's handler, in which it may wait for the host.
 */
typedef RequestResult (*WholeCallAct)(Request *req, void *data);

/**
 * whole_call_run: read what the handler asks for, run it, write its answers back. The caller must wait
 * for the answer throughout.
 * @fd: of the address space; it is closed. -1: there is none any more
 * @req: its error is set to what the caller gets; everything is written back if that is 0
 * @act: called with @data, unless there is no memory
 */
void whole_call_run(int fd, Request *req, WholeCallAct act, void *data);
