/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/transport/transport-kind.h"

#include <fcntl.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/transport/close-if-open.h"

/*
 * Chosen before there is a worker.
 *
 * #syscalls:before openat close
 */

static const char *const names[] = {[TRANSPORT_CUSE] = "cuse", [TRANSPORT_NOTIFY] = "notify"};

const char *transport_kind_name(TransportKind kind)
{
    return names[kind];
}

/* Sets @kind unless it is "auto". */
static bool parse(const char *text, TransportKind *kind, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_str_equal(text, names[i])) {
            *kind = (TransportKind)i;
            return true;
        }
    }
    if (g_str_equal(text, "auto")) {
        return true;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "'%s' is no transport: there are auto, cuse and notify", text);
    return false;
}

bool transport_kind_check(const char *text, GError **error)
{
    TransportKind kind;

    return parse(text, &kind, error);
}

/* The node may be there without the module, which opening it loads if there is one. */
static bool has_cuse(void)
{
    int fd = open("/dev/cuse", O_RDWR | O_CLOEXEC);

    close_if_open(fd);
    return fd >= 0;
}

bool transport_kind_choose(const char *text, TransportKind *kind, GError **error)
{
    *kind = g_str_equal(text, "auto") && !has_cuse() ? TRANSPORT_NOTIFY : TRANSPORT_CUSE;
    return parse(text, kind, error);
}
