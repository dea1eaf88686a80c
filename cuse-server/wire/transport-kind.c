/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/wire/transport-kind.h"

#include <fcntl.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/close-if-open.h"

/*
 * The broker chooses before the worker exists.
 *
 * #syscalls:before openat close
 */

static const char *const names[] = {[TRANSPORT_CUSE] = "cuse", [TRANSPORT_NOTIFY] = "notify"};

const char *transport_kind_name(TransportKind kind)
{
    return names[kind];
}

/* Find a word in a list of two and set @found to its index. "auto" sets @found to -1. Returns false with @error for other words. */
static bool parse(const char *text, const char *const list[static 2], int *found, GError **error)
{
    *found = -1;
    for (int i = 0; i < 2; i++) {
        if (g_str_equal(text, list[i])) {
            *found = i;
        }
    }
    if (*found >= 0 || g_str_equal(text, "auto")) {
        return true;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "'%s': expected auto, %s or %s",
                text, list[0], list[1]);
    return false;
}

bool transport_kind_check(const char *text, GError **error)
{
    int found;

    return parse(text, names, &found, error);
}

/* Try to open the node: it may exist without the module. Opening it loads the module if there is one. */
static bool has_cuse(void)
{
    int fd = open("/dev/cuse", O_RDWR | O_CLOEXEC);

    close_if_open(fd);
    return fd >= 0;
}

bool transport_kind_choose(const char *text, TransportKind *kind, GError **error)
{
    int found;

    if (!parse(text, names, &found, error)) {
        return false;
    }
    *kind = found >= 0 ? (TransportKind)found : has_cuse() ? TRANSPORT_CUSE : TRANSPORT_NOTIFY;
    return true;
}

/* --- guest memory ----------------------------------------------------------------------------- */

static const char *const memory_names[] = {
    [GUEST_MEMORY_DIRECT] = "direct", [GUEST_MEMORY_RETRY] = "retry"};

const char *guest_memory_kind_name(GuestMemoryKind kind)
{
    return memory_names[kind];
}

bool guest_memory_kind_check(const char *text, GError **error)
{
    int found;

    return parse(text, memory_names, &found, error);
}

bool guest_memory_kind_choose(const char *text, GuestMemoryKind *kind, GError **error)
{
    int found;

    if (!parse(text, memory_names, &found, error)) {
        return false;
    }
    *kind = found >= 0 ? (GuestMemoryKind)found : GUEST_MEMORY_DIRECT;
    return true;
}
