/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/wire/transport-kind.h"

#include <fcntl.h>
#include <unistd.h>

#include <glib.h>

#include "cuse-server/base/choice.h"
#include "cuse-server/base/close-if-open.h"

/*
 * The broker chooses before the worker exists.
 *
 * #syscalls:before openat close
 */

/* The words for kinds stand behind "auto". */
enum { AFTER_AUTO = 1 };

static const char *const words[] = {"auto", [AFTER_AUTO + TRANSPORT_CUSE] = "cuse",
                                    [AFTER_AUTO + TRANSPORT_NOTIFY] = "notify", NULL};

const char *transport_kind_name(TransportKind kind)
{
    return words[AFTER_AUTO + kind];
}

bool transport_kind_check(const char *text, GError **error)
{
    unsigned found;

    return choice_parse(text, words, &found, error);
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
    unsigned found;

    if (!choice_parse(text, words, &found, error)) {
        return false;
    }
    *kind = found >= AFTER_AUTO ? (TransportKind)(found - AFTER_AUTO)
            : has_cuse()        ? TRANSPORT_CUSE
                                : TRANSPORT_NOTIFY;
    return true;
}

/* --- guest memory ----------------------------------------------------------------------------- */

static const char *const memory_words[] = {"auto", [AFTER_AUTO + GUEST_MEMORY_DIRECT] = "direct",
                                           [AFTER_AUTO + GUEST_MEMORY_RETRY] = "retry", NULL};

const char *guest_memory_kind_name(GuestMemoryKind kind)
{
    return memory_words[AFTER_AUTO + kind];
}

bool guest_memory_kind_check(const char *text, GError **error)
{
    unsigned found;

    return choice_parse(text, memory_words, &found, error);
}

bool guest_memory_kind_choose(const char *text, GuestMemoryKind *kind, GError **error)
{
    unsigned found;

    if (!choice_parse(text, memory_words, &found, error)) {
        return false;
    }
    *kind = found >= AFTER_AUTO ? (GuestMemoryKind)(found - AFTER_AUTO) : GUEST_MEMORY_DIRECT;
    return true;
}
