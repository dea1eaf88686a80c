/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the host lets nvcuse trace processes. To open a file for a guest and to map it, the broker traces one of the guest's threads
 * (broker/agents/), on either transport. */
#pragma once

#include <stdbool.h>

#include <glib.h>

/** ptrace_scope_check: check that root may trace processes here (Yama's sysctl kernel.yama.ptrace_scope is not 3). Returns false with
 * @error. */
bool ptrace_scope_check(GError **error);
