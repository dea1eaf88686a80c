/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/sandbox/ptrace-scope.h"

#include <gio/gio.h>

#define PTRACE_SCOPE "/proc/sys/kernel/yama/ptrace_scope"

/* security/yama/yama_lsm.c, YAMA_SCOPE_NO_ATTACH: nobody may, and the value stays until the host is started again. */
#define SCOPE_NOBODY "3"

bool ptrace_scope_check(GError **error)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents(PTRACE_SCOPE, &text, NULL, NULL) ||
        !g_str_equal(g_strstrip(text), SCOPE_NOBODY)) {
        return true;
    }
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                        PTRACE_SCOPE " is 3: expected 0 to 2, because guests get no file if nvcuse "
                                     "cannot trace them: set kernel.yama.ptrace_scope=2 in "
                                     "/etc/sysctl.d, and start the host again (the kernel does not "
                                     "lower a 3)");
    return false;
}
