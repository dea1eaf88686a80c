/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/guests/open-request.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>

/* The C library has 0 for it on 64-bit machines (include/uapi/asm-generic/fcntl.h). */
#define KERNEL_O_LARGEFILE 0100000

/* include/linux/fcntl.h, VALID_OPEN_FLAGS, without the flags with which no device node is opened */
#define KNOWN_FLAGS                                                                       \
    (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | \
     O_ASYNC | O_DIRECT | KERNEL_O_LARGEFILE | O_NOFOLLOW | O_NOATIME | O_CLOEXEC)

#define KNOWN_RESOLVE                                                                  \
    (RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | \
     RESOLVE_IN_ROOT | RESOLVE_CACHED)

#define MODE_BITS 07777u /* include/linux/stat.h, S_IALLUGO */

bool open_request_of_flags(int flags, OpenRequest *request)
{
    const bool must_create = (flags & O_CREAT) && (flags & O_EXCL);

    *request = (OpenRequest){.flags = flags & KNOWN_FLAGS};
    return !(flags & (O_PATH | O_DIRECTORY)) && !must_create && (flags & O_ACCMODE) != O_ACCMODE;
}

/* Would the kernel take these values? It is stricter here than with open(). */
static bool is_valid(const struct open_how *how)
{
    const bool scoped_twice = (how->resolve & RESOLVE_BENEATH) && (how->resolve & RESOLVE_IN_ROOT);
    const uint64_t mode_bits = how->flags & O_CREAT ? MODE_BITS : 0;

    return !(how->flags & ~(uint64_t)KNOWN_FLAGS) && !(how->resolve & ~(uint64_t)KNOWN_RESOLVE) &&
           !scoped_twice && !(how->mode & ~mode_bits);
}

bool open_request_of_how(const void *how, size_t size, OpenRequest *request)
{
    struct open_how known;
    const uint8_t *rest = (const uint8_t *)how + sizeof known;

    if (size < sizeof known || size > OPEN_HOW_MAX) {
        return false;
    }
    for (size_t i = 0; i < size - sizeof known; i++) {
        if (rest[i] != 0) {
            return false;
        }
    }
    memcpy(&known, how, sizeof known);
    if (!is_valid(&known) || !open_request_of_flags((int)known.flags, request)) {
        return false;
    }
    request->resolve = known.resolve;
    return true;
}
