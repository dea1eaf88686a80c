/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the file that a path of a guest names. The path is walked as the guest's own open() would walk it: from the guest's
 * root and working directory, through the guest's mounts and symbolic links.
 *
 * The kernel can walk inside another root (openat2 with RESOLVE_IN_ROOT), but not as another process: /proc/self and the
 * links below /proc/PID would be the broker's. So the kernel walks only paths that meet no symbolic link
 * (RESOLVE_NO_SYMLINKS). The broker walks all other paths itself, a component at a time, with O_PATH descriptors. The result
 * is only compared with the instance's devices. If a guest makes the result wrong, by a race or by a file system of its own,
 * the guest gets one of its own devices or the kernel's own answer.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/**
 * guest_path_open: find the file that a guest's path names.
 * @tid: a thread of the guest, in the broker's pid namespace
 * @dirfd: the directory where a relative path starts: a descriptor number of the guest's, or AT_FDCWD
 * @flags: O_NOFOLLOW: do not follow a symbolic link in the last component
 * @resolve: RESOLVE_* flags of openat2(2), which limit the walk. RESOLVE_CACHED is ignored
 *
 * Returns: an O_PATH descriptor that the caller owns, or -1 with errno set. If @resolve forbids the path, errno may differ
 *     from the kernel's.
 */
int guest_path_open(pid_t tid, int dirfd, const char *path, int flags, uint64_t resolve);
