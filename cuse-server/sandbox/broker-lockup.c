/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/sandbox/broker-lockup.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cap-ng.h>
#include <gio/gio.h>

static bool fail(GError **error, const char *what)
{
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                "cannot sandbox the broker: %s: %s", what, g_strerror(errno));
    return false;
}

/* Keep only the four capabilities. Some may be missing already, if nvcuse itself runs in a
 * container that was started with fewer. */
static bool stage_capabilities(GError **error)
{
    static const unsigned kept[] = {CAP_SYS_PTRACE, CAP_DAC_OVERRIDE, CAP_KILL, CAP_MKNOD};
    bool have[G_N_ELEMENTS(kept)];

    capng_get_caps_process();
    for (size_t i = 0; i < G_N_ELEMENTS(kept); i++) {
        have[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]);
    }
    capng_clear(CAPNG_SELECT_ALL);
    for (size_t i = 0; i < G_N_ELEMENTS(kept); i++) {
        if (have[i]) {
            capng_update(CAPNG_ADD, (capng_type_t)(CAPNG_EFFECTIVE | CAPNG_PERMITTED), kept[i]);
        }
    }
    /* Drop the bounding set first, while the process still has CAP_SETPCAP. */
    if (capng_apply(CAPNG_SELECT_BOUNDS) < 0 || capng_apply(CAPNG_SELECT_CAPS) < 0 ||
        capng_apply(CAPNG_SELECT_AMBIENT) < 0) {
        /* libcap-ng promises no errno */
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                            "cannot drop the broker's capabilities (libcap-ng)");
        return false;
    }
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 || fail(error, "no_new_privs");
}

/* Forbid core files: one would contain what guests opened. */
static bool stage_not_dumpable(GError **error)
{
    const struct rlimit none = {0, 0};

    return (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && setrlimit(RLIMIT_CORE, &none) == 0) ||
           fail(error, "forbid core dumps");
}

bool lockup_broker(GError **error)
{
    return stage_capabilities(error) && stage_not_dumpable(error);
}
