/* SPDX-License-Identifier: Apache-2.0 */
/* podman: a file in containers.conf.d. */
#include "cuse-server/base/toml/toml-reader.h"
#include "cuse-server/cli/install/drop-in.h"
#include "cuse-server/cli/install/engine.h"

static const TomlDefault podman_default = {"engine", "runtime"};

static char *podman_edit(const char *text, const InstallWish *wish, GError **error)
{
    g_autofree char *program = toml_quote(wish->runtime ? wish->runtime : "");
    g_autofree char *lines = g_strdup_printf("  " INSTALL_NAME " = [%s]\n", program);

    return drop_in_edit(text, wish, &podman_default, "engine.runtimes", lines, error);
}

const Engine engine_podman = {
    .name = "podman",
    .path = "/etc/containers/containers.conf.d/nvcuse.conf",
    .program = "podman",
    .edit = podman_edit,
    .attempt =
        "podman --runtime " INSTALL_NAME " run --rm -e NVIDIA_VISIBLE_DEVICES=all IMAGE nvidia-smi",
};
