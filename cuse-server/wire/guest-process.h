/* SPDX-License-Identifier: Apache-2.0 */
/* Identity of a guest's process, as the broker reports it to the worker. */
#pragma once

#include <stdint.h>

/** HOST_ANY_USER: the transport does not tell which user a thread calls as. No user has this number (user_namespaces(7)). */
#define HOST_ANY_USER UINT32_MAX

/**
 * GuestProcess: a process of the guest. The driver distinguishes the same processes.
 * @id: never 0; never used for another process, even if the process id is used again
 * @uid: the effective user of the process, in the host's user namespace
 */
typedef struct {
    uint64_t id;
    uint32_t uid;
} GuestProcess;
