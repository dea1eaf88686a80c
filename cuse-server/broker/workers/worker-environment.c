/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/workers/worker-spawn.h"

/*
 * Make the worker's environment. It is empty: the specification has everything that a worker needs to know. Only in builds
 * with the sanitizers it has their options, which the sanitizers read from nowhere else.
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
