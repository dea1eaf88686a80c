/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/wire/refusal.h"

#include <string.h>

#include <glib.h>

static const struct {
    const char *name;
    const char *explanation;
} refusals[REFUSAL_COUNT] = {
    [REFUSAL_NONE] = {"none", "the call was forwarded"},
    [REFUSAL_UNKNOWN_IOCTL] =
        {"unknown-ioctl",
         "the driver version's table has no such ioctl, or nvcuse does not handle it yet"},
    [REFUSAL_UNKNOWN_CONTROL] = {"unknown-control",
                                 "the driver version's table has no such control command, or "
                                 "nvcuse does not handle it yet"},
    [REFUSAL_UNKNOWN_CLASS] =
        {"unknown-class",
         "the driver version's table has no such class, or nvcuse does not handle it yet"},
    [REFUSAL_CAPABILITY] =
        {"capability", "the entry exists, but none of the capabilities that open it is enabled "
                       "(--caps)"},
    [REFUSAL_SIZE] = {"wrong-size",
                      "the size of the parameters is not this driver version's: the application's "
                      "libraries belong to another driver"},
    [REFUSAL_BAD_FD] = {"bad-fd",
                        "a file descriptor in the parameters is closed or is not the right kind of "
                        "NVIDIA file of this instance"},
    [REFUSAL_BAD_POINTER] = {"bad-pointer",
                             "a pointer in the parameters is null or set where it must not be"},
    [REFUSAL_BAD_CLIENT] = {"bad-client", "no resource manager client has this handle"},
    [REFUSAL_TOO_LARGE] = {"too-large",
                           "the parameters are larger than the transport can carry or the driver "
                           "would take"},
    [REFUSAL_BY_DESIGN] = {"by-design",
                           "the call tells or does something that belongs to the host alone"},
    [REFUSAL_COMPAT] = {"32-bit",
                        "the caller is a 32-bit program or used a 32-bit system call; only 64-bit "
                        "callers are served"},
    [REFUSAL_UNKNOWN_FUNCTION] = {"unknown-function",
                                  "the call has several functions, and this one is not served"},
    [REFUSAL_NOT_SHARED] = {"not-shared",
                            "the object belongs to a client of another process, which has not "
                            "shared it"},
    [REFUSAL_LIMIT] = {"limit",
                       "the instance has as many files, clients or objects as it may (--max-files, "
                       "--max-clients, --max-objects)"},
    [REFUSAL_GONE] = {"gone", "the calling process has ended meanwhile"},
    [REFUSAL_NEEDS_CALLER] = {"needs-caller",
                              "the driver would act on the calling process's memory, and nvcuse "
                              "cannot enter that process (a debugger may hold it)"},
    [REFUSAL_MAP] =
        {"not-mappable",
         "nothing was made ready to be mapped through this file, or less than was asked "
         "for"},
    [REFUSAL_NOT_OPENER] =
        {"not-opener",
         "the calling program has more rights than the one that opened the file (it is "
         "set-user-ID, or was handed the file), does not belong to the container, or keeps others "
         "from its memory; nvcuse does not touch the memory of such a program"},
    [REFUSAL_QUOTA] = {"quota", "the memory would exceed what the instance may hold (--gpu-memory, "
                                "--pinned-memory, --managed-memory)"},
};

const char *refusal_name(Refusal refusal)
{
    g_return_val_if_fail((unsigned)refusal < REFUSAL_COUNT, "?");
    return refusals[refusal].name;
}

bool refusal_parse(const char *name, Refusal *refusal)
{
    for (int r = 0; r < REFUSAL_COUNT; r++) {
        if (strcmp(refusals[r].name, name) == 0) {
            *refusal = (Refusal)r;
            return true;
        }
    }
    return false;
}

const char *refusal_explanation(Refusal refusal)
{
    g_return_val_if_fail((unsigned)refusal < REFUSAL_COUNT, "?");
    return refusals[refusal].explanation;
}
