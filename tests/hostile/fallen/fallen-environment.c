/* SPDX-License-Identifier: Apache-2.0 */
/* A worker is executed without an environment; a fallen one finds its orders there. Goes with --wrap=worker_environment. */
#include <unistd.h>

char **__wrap_worker_environment(void);

char **__wrap_worker_environment(void)
{
    return environ;
}
