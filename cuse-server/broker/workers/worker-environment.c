/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/workers/worker-spawn.h"

/*
 * A worker needs nothing of it: everything that it is told is in its specification. The sanitizers, in
 * builds that have them, are told their options in no other way.
 */
char **worker_environment(void)
{
    static char *none[] = {NULL};
#if defined(__SANITIZE_ADDRESS__)
    static char *sanitizers[3];
    static const char *const names[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS"};
    size_t n = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(names) && !sanitizers[0]; i++) {
        const char *value = g_getenv(names[i]);
        if (value) {
            sanitizers[n++] = g_strconcat(names[i], "=", value, NULL);
        }
    }
    return sanitizers[0] ? sanitizers : none;
#else
    return none;
#endif
}
