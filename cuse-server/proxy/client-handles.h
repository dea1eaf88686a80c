/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handles of clients in parameters. The driver's handles are numbered through the whole host, and some
 * calls take one without asking whose it is, or ask only for the process that made it, which is the
 * worker for all guests of an instance. So a handle that the caller would natively get nowhere with
 * goes to the driver as one that no client has, and the driver says what it says to that.
 */
#pragma once

#include "cuse-server/proxy/proxy.h"

/** client_handles_swap: look at parameters that are as long as @layout, by the roles of its members: CLIENT and MAPPING. */
void client_handles_swap(Request *req, const AbiLayout *layout, void *params);

/** client_handles_swap_list: the same for a private list of handles that must be this instance's. */
void client_handles_swap_list(Request *req, NvHandle *handles, size_t n);

/** client_handles_in: does the struct hold any that must be looked at? NULL: there is no struct. */
bool client_handles_in(const AbiLayout *layout);
