/* SPDX-License-Identifier: Apache-2.0 */
/* A file system that is attached to no mount tree: it goes with its descriptor, unless it is
 * attached. */
#pragma once

#include <stdbool.h>

/** MountOption: @value NULL: a flag. A list of them ends with a @key of NULL. */
typedef struct {
    const char *key;
    const char *value;
} MountOption;

/**
 * detached_mount: make one. Needs CAP_SYS_ADMIN.
 * @type: as in /proc/filesystems
 * @attributes: MOUNT_ATTR_*, from <sys/mount.h>
 * Returns: a close-on-exec descriptor of its root directory, or -1 with errno set.
 */
int detached_mount(const char *type, const MountOption *options, unsigned attributes);

/** detached_tmpfs: an empty one, whose root directory has mode 0755. */
int detached_tmpfs(unsigned attributes);

/** make_parent_directories: those that a path below @directory goes through. False with errno set. */
bool make_parent_directories(int directory, const char *path);
