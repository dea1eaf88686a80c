/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest asks for in a call that opens a file, apart from the path. Only requests that can open a device node concern the
 * broker. All others continue in the kernel, which also answers every request that is wrong: it looks at the guest's memory
 * again, so the broker need not give the same error.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel takes no larger struct open_how: a page (fs/open.c, SYSCALL_DEFINE4(openat2)). */
enum { OPEN_HOW_MAX = 4096 };

/**
 * OpenRequest: a request that can open a device node.
 * @flags: open(2) flags
 * @resolve: openat2(2): RESOLVE_* flags, else 0
 */
typedef struct {
    int flags;
    uint64_t resolve;
} OpenRequest;

/**
 * open_request_of_flags: read the flags of open(), openat() or creat(). The kernel ignores unknown ones (fs/open.c,
 * build_open_how()).
 * Returns: false if no device node can be opened with these flags, or if nvcuse does not serve such opens (access mode 3,
 *     which gives neither reading nor writing).
 */
bool open_request_of_flags(int flags, OpenRequest *request);

/**
 * open_request_of_how: read the struct of openat2().
 * @how: a copy of what the guest passed, of @size bytes. It may be of a newer version, with members that are 0
 * Returns: as open_request_of_flags(); also false if the kernel refuses the struct, or if it has members that this version of
 *     nvcuse does not know.
 * Source: fs/open.c, SYSCALL_DEFINE4(openat2) and build_open_flags(); lib/usercopy.c, copy_struct_from_user()
 */
bool open_request_of_how(const void *how, size_t size, OpenRequest *request);
