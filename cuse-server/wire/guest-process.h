/* SPDX-License-Identifier: Apache-2.0 */
/* A process of a guest's, as the broker tells the worker of it. */
#pragma once

#include <stdint.h>

/** HOST_ANY_USER: nobody's number (user_namespaces(7)): it is not known by whose rights a thread calls. */
#define HOST_ANY_USER UINT32_MAX

/**
 * GuestProcess: a process of the guest, as the driver would tell it from others.
 * @id: never 0, and never another's, even if its process id is used again
 * @uid: its effective user, in the host's user namespace
 */
typedef struct {
    uint64_t id;
    uint32_t uid;
} GuestProcess;
