/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handles of clients in parameters. The driver's handles are numbered through the whole host, and some
 * calls take one without asking whose it is, or ask only for the process that made it, which is the
 * worker for all guests of an instance. So a handle that the caller would natively get nowhere with
 * goes to the driver as one that no client has, and the driver says what it says to that.
 */
#pragma once

#include "cuse-server/proxy/proxy.h"

/** client_handles_swap: look at the parameters of an entry, in its own struct. */
void client_handles_swap(Request *req, const AbiEntry *entry, void *params);

/** client_handles_swap_list: the same for a private list of handles that must be this instance's. */
void client_handles_swap_list(Request *req, NvHandle *handles, size_t n);

/** client_handles_in: does the entry's struct hold any? */
bool client_handles_in(const AbiEntry *entry);
