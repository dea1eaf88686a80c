/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room with CUSE: each of the instance's devices is a character device of the kernel's, whose
 * calls we get with all that the kernel knows of them.
 *
 * Guest memory, GUEST_MEMORY_DIRECT: the device is a restricted one. The kernel copies what the command's word
 * says, and takes no address from us; the rest comes from the broker, which looks whose memory it is
 * (worker/memory/call-memory.h). GUEST_MEMORY_RETRY: the kernel copies whatever we name, in whatever program made the
 * call (worker/memory/retry-memory.h).
 */
#pragma once

#include "cuse-server/worker/doors/file-calls.h"

/**
 * CuseNumbers: how an instance's devices are named and numbered.
 * @name: the instance's; nodes are /dev/nvcuse/NAME/...
 * @major_no, @first_minor: device i gets @first_minor + i
 */
typedef struct {
    const char *name;
    unsigned major_no;
    unsigned first_minor;
} CuseNumbers;

/** cuse_device_session: a session for the device of a source, which is to be given a /dev/cuse; NULL: it
 * cannot be made. */
struct fuse_session *cuse_device_session(CallSource *source, const CuseNumbers *numbers);
