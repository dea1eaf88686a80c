/* SPDX-License-Identifier: Apache-2.0 */
/* Rights to compare: made up, or read from the kernel. */
#pragma once

#include <sys/types.h>

#include "cuse-server/broker/identity/guest-rights.h"

enum { USER = 1000, GROUP = 100 };

/** user: (transfer full): rights of a user's program that has no others than the user's, with room for @n_groups groups. */
GuestRights *user(unsigned n_groups);

/** rights_of: (transfer full): rights of a process, read from the kernel. Returns: NULL if there is no such process. */
GuestRights *rights_of(pid_t pid);
