/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells which ABI a call from a listener uses. A container's profile makes its rules for all the ABIs that it allows (libseccomp
 * translates the names). So the listener also delivers calls of 32-bit and of x32 programs, which have other numbers. Which ABIs
 * there are depends on the machine: call-abi-MACHINE.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <linux/seccomp.h>

/** call_abi_is_native: is this a call of a 64-bit program, with numbers as in SYS_*? */
bool call_abi_is_native(const struct seccomp_data *call);

/**
 * call_abi_may_go_on: may the kernel carry out this call of another ABI?
 *
 * It may if another check stands behind the listener:
 *  - opens: the container's nodes refuse to be opened;
 *  - mappings and ioctls: files of ours refuse them, or check them like any other call;
 *  - calls that the listener watches for the guest's sake: the kernel may refuse them because there is an agent.
 * All other calls are watched because nothing else stands behind the listener.
 */
bool call_abi_may_go_on(const struct seccomp_data *call);

/** call_abi_takes_file: is this pidfd_getfd(), in any ABI? */
bool call_abi_takes_file(const struct seccomp_data *call);

/**
 * CallAbiOpen: the arguments of a call that opens a file.
 * @dirfd: AT_FDCWD or the descriptor of a directory
 * @path: the path's address in the guest
 * @flags: open(2) flags; openat2() has them in @how instead
 * @how, @how_size: openat2(): address in the guest and size of a struct open_how
 * @has_how: this is openat2()
 */
typedef struct {
    int dirfd;
    uint64_t path;
    int flags;
    uint64_t how;
    uint64_t how_size;
    bool has_how;
} CallAbiOpen;

/** call_abi_open: read the arguments of a native call that opens a file. Returns false if it is another call. */
bool call_abi_open(const struct seccomp_data *call, CallAbiOpen *open);
