/* SPDX-License-Identifier: Apache-2.0 */
/* A file system that is attached to no mount tree: it goes with its descriptor, unless it is
 * attached. */
#pragma once

/**
 * detached_tmpfs: make an empty one. Needs CAP_SYS_ADMIN.
 * @attributes: MOUNT_ATTR_*, from <sys/mount.h>
 * Returns: a close-on-exec descriptor of its root directory (mode 0755), or -1 with errno set.
 */
int detached_tmpfs(unsigned attributes);
