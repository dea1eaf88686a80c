/* SPDX-License-Identifier: Apache-2.0 */
/* CRI-O: a file in crio.conf.d. */
#include "cuse-server/base/toml/toml-reader.h"
#include "cuse-server/cli/install/drop-in.h"
#include "cuse-server/cli/install/engine.h"

static const TomlDefault crio_default = {"crio.runtime", "default_runtime"};

/* CRI-O's own packages have conmon here, and tell it only to the runtimes that they bring. */
static const char packaged_conmon[] = "/usr/libexec/crio/conmon";

static char *crio_edit(const char *text, const InstallWish *wish, GError **error)
{
    g_autofree char *program = toml_quote(wish->runtime ? wish->runtime : "");
    g_autoptr(GString) lines = g_string_new(NULL);

    g_string_append_printf(lines, "  runtime_path = %s\n", program);
    g_string_append(lines, "  runtime_type = \"oci\"\n"
                           "  runtime_root = \"/run/nvcuse-runtime\"\n");
    if (g_file_test(packaged_conmon, G_FILE_TEST_IS_EXECUTABLE)) {
        g_string_append_printf(lines, "  monitor_path = \"%s\"\n", packaged_conmon);
    }
    return drop_in_edit(text, wish, &crio_default, "crio.runtime.runtimes." INSTALL_NAME,
                        lines->str, error);
}

const Engine engine_crio = {
    .name = "crio",
    .path = "/etc/crio/crio.conf.d/99-nvcuse.conf",
    .program = "crio",
    .edit = crio_edit,
    .restart = "systemctl restart crio",
    .restart_without = "systemctl restart crio",
    .attempt = "a RuntimeClass with 'handler: " INSTALL_NAME
               "', and pods with 'runtimeClassName: " INSTALL_NAME "' (nvcuse-runtime(1))",
};
