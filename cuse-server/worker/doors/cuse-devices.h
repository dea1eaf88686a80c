/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CUSE door: each of the instance's devices is a character device of the kernel. The kernel delivers the device's
 * calls to the worker, with all that it knows about them.
 *
 * How the worker reaches guest memory:
 *   - GUEST_MEMORY_DIRECT: the device is a restricted one. The kernel copies what the command's word says, and takes no
 *     address from the worker. The broker gives the rest, after checking whose memory it is
 *     (worker/memory/call-memory.h).
 *   - GUEST_MEMORY_RETRY: the kernel copies whatever the worker names, in whatever program made the call
 *     (worker/memory/retry-memory.h).
 */
#pragma once

#include "cuse-server/wire/worker-spec.h"
#include "cuse-server/worker/doors/file-calls.h"

/** cuse_device_session: create a session for the device of a source. The caller then gives it an open /dev/cuse. Returns NULL
 * if the session cannot be created. */
struct fuse_session *cuse_device_session(CallSource *source, const WorkerSpec *spec);
