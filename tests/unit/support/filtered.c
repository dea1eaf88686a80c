/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/filtered.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int filtered(bool (*install)(GError **error), void (*what)(void))
{
    const struct rlimit none = {0, 0};
    pid_t child = fork();
    int status;

    if (child == 0) {
        g_autoptr(GError) error = NULL;
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        setrlimit(RLIMIT_CORE, &none);
        if (!install(&error)) {
            g_printerr("%s\n", error->message);
            _exit(EXIT_FAILURE);
        }
        what();
        _exit(ALIVE);
    }
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}
