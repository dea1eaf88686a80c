/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/cmd-engine-hook.h"

#include "cuse-server/cli/command.h"

int cmd_engine_hook(void)
{
    g_printerr(
        "nvcuse: this container asks for GPUs (--gpus, or a device of the driver nvidia), but its "
        "runtime is not nvcuse: expected --runtime=nvcuse, or 'runtime: nvcuse' in a compose "
        "file; 'nvcuse install docker --default-runtime' makes nvcuse the usual runtime\n");
    return EXIT_FAILED;
}
