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

/* Find a word in a list and set @found to its index. "auto" sets @found to -1. Returns false with @error for other words. */
static bool parse(const char *what, const char *text, const char *const *list, size_t n, int *found,
                  GError **error)
{
    *found = -1;
    for (size_t i = 0; i < n; i++) {
        if (g_str_equal(text, list[i])) {
            *found = (int)i;
        }
    }
    if (*found >= 0 || g_str_equal(text, "auto")) {
        return true;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "'%s' is no %s: there are auto, %s and %s", text, what, list[0], list[1]);
    return false;
}

static bool parse_transport(const char *text, int *found, GError **error)
{
    return parse("transport", text, names, G_N_ELEMENTS(names), found, error);
}

bool transport_kind_check(const char *text, GError **error)
{
    int found;

    return parse_transport(text, &found, error);
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

    if (!parse_transport(text, &found, error)) {
        return false;
    }
    *kind = found >= 0 ? (TransportKind)found : has_cuse() ? TRANSPORT_CUSE : TRANSPORT_NOTIFY;
    return true;
}

/* --- guest memory ----------------------------------------------------------------------------- */

static const char *const memory_names[] = {
    [GUEST_MEMORY_DIRECT] = "direct", [GUEST_MEMORY_RETRY] = "retry"};

static bool parse_memory(const char *text, int *found, GError **error)
{
    return parse("way to a guest's memory", text, memory_names, G_N_ELEMENTS(memory_names), found,
                 error);
}

const char *guest_memory_kind_name(GuestMemoryKind kind)
{
    return memory_names[kind];
}

bool guest_memory_kind_check(const char *text, GError **error)
{
    int found;

    return parse_memory(text, &found, error);
}

bool guest_memory_kind_choose(const char *text, GuestMemoryKind *kind, GError **error)
{
    int found;

    if (!parse_memory(text, &found, error)) {
        return false;
    }
    *kind = found >= 0 ? (GuestMemoryKind)found : GUEST_MEMORY_DIRECT;
    return true;
}
