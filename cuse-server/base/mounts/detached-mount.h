/* SPDX-License-Identifier: Apache-2.0 */
/* A file system that is not attached to any mount tree. It ends when its descriptor is closed, unless it is
 * attached first. */
#pragma once

#include <stdbool.h>

/** MountOption: one option of a mount. If @value is NULL, the option is a flag. A list of options ends with a NULL @key. */
typedef struct {
    const char *key;
    const char *value;
} MountOption;

/**
 * detached_mount: make a detached file system. Needs CAP_SYS_ADMIN.
 * @type: as in /proc/filesystems
 * @attributes: MOUNT_ATTR_*, from <sys/mount.h>
 * Returns: a close-on-exec descriptor of the file system's root directory, or -1 with errno set.
 */
int detached_mount(const char *type, const MountOption *options, unsigned attributes);

/** detached_tmpfs: make an empty detached tmpfs. Its root directory has mode 0755. */
int detached_tmpfs(unsigned attributes);

/** make_parent_directories: make all parent directories of a path below @directory. Returns false with errno set. */
bool make_parent_directories(int directory, const char *path);
