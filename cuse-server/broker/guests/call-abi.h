/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which ABI a call that a listener brings is of. A container's profile makes its rules for all the
 * ABIs that it allows (libseccomp translates the names), so calls of 32-bit and of x32 programs come
 * as well, by other numbers.
 */
#pragma once

#include <stdbool.h>

#include <linux/seccomp.h>

/** call_abi_is_native: is it a 64-bit program's, with numbers as in SYS_*? */
bool call_abi_is_native(const struct seccomp_data *call);

/**
 * call_abi_may_go_on: may the kernel carry out a call of another ABI?
 *
 * It may where another wall stands behind: opens (the container's nodes refuse to be opened),
 * mappings and ioctls (files of ours refuse them, or check them as they do any other), and calls that are watched
 * for the guest's sake: it may be refused them because there is an agent. Every other call is watched because
 * nothing else stands behind it.
 */
bool call_abi_may_go_on(const struct seccomp_data *call);
