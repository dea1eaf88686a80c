/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/sandbox/landlock.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The complete struct landlock_ruleset_attr (include/uapi/linux/landlock.h). Headers that are older
 * than the running kernel do not have all of it. */
typedef struct {
    uint64_t handled_access_fs;
    uint64_t handled_access_net; /* from version 4 */
    uint64_t scoped;             /* from version 6 */
} RulesetAttributes;

#define CREATE_RULESET_VERSION 1U

/* The number of file system rights in each version, and the size of the attributes. A kernel with a
 * newer version than the first row takes that row. */
static const struct {
    long version;
    unsigned n_fs;
    size_t size;
} versions[] = {
    {6, 16, sizeof(RulesetAttributes)},
    {5, 16, offsetof(RulesetAttributes, scoped)},
    {4, 15, offsetof(RulesetAttributes, scoped)},
    {3, 15, offsetof(RulesetAttributes, handled_access_net)},
    {2, 14, offsetof(RulesetAttributes, handled_access_net)},
    {1, 13, offsetof(RulesetAttributes, handled_access_net)},
};

int landlock_restrict_all(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
    size_t i = 0;

    if (version < 1) {
        return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -1;
    }
    while (versions[i].version > version) {
        i++;
    }
    /* Handle all rights, and add no rule that gives one back. */
    const RulesetAttributes attributes = {
        .handled_access_fs = (UINT64_C(1) << versions[i].n_fs) - 1,
        .handled_access_net = 3, /* bind, connect */
        .scoped = 3,             /* abstract sockets, signals */
    };
    long ruleset = syscall(SYS_landlock_create_ruleset, &attributes, versions[i].size, 0);
    if (ruleset < 0) {
        return -1;
    }
    long result = syscall(SYS_landlock_restrict_self, (int)ruleset, 0);
    int saved = errno;
    close((int)ruleset);
    errno = saved;
    return result < 0 ? -1 : 1;
}
