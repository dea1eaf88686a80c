/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker is executed without an environment; a fallen worker finds its orders in the one that this function gives it. Goes
 * with --wrap=worker_environment.
 */
#include <unistd.h>

char **__wrap_worker_environment(void);

char **__wrap_worker_environment(void)
{
    return environ;
}
