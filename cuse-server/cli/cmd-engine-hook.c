/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/cmd-engine-hook.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cuse-server/cli/command.h"

/* Where NVIDIA's packages put theirs. */
#define NVIDIAS_HOOK "/usr/bin/" ENGINE_HOOK

/* Check whether a file is this program, under whatever name. */
static bool is_this_program(const char *path)
{
    struct stat own;
    struct stat other;

    return stat("/proc/self/exe", &own) == 0 && stat(path, &other) == 0 &&
           own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

int cmd_engine_hook(char **argv)
{
    if (!is_this_program(NVIDIAS_HOOK)) {
        execv(NVIDIAS_HOOK, argv); /* returns if there is none */
    }
    g_printerr(
        "nvcuse: this container asks for GPUs (--gpus, or a device of the driver nvidia), but its "
        "runtime is not nvcuse: expected --runtime=nvcuse, or 'runtime: nvcuse' in a compose "
        "file; 'nvcuse install docker --default-runtime' makes nvcuse the usual runtime. With "
        "environment = no in /etc/nvcuse/runtime.conf, --gpus gives no GPU\n");
    return EXIT_FAILED;
}
