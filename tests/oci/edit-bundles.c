/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edit bundles as nvcuse-runtime does for an existing instance, but without one.
 *
 * usage: edit-bundles edit|restore [--cdi FILE] BUNDLE...
 * For each bundle one line is written: "done", or "refused DOMAIN CODE: MESSAGE".
 */
#include <stdlib.h>

#include "cuse-server/oci/config/oci-bundle.h"
#include "cuse-server/oci/config/oci-edit.h"

static bool edit(const char *bundle, const char *cdi, GError **error)
{
    g_autoptr(JsonValue) config = oci_bundle_load(bundle, error);
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
    const OciEdit connection = {
        .instance = "box-0123456789ab",
        .pid = 4711,
        .listener_path = "/run/nvcuse/box-0123456789ab.seccomp",
        .wait_killable = true,
        .program = "/usr/bin/nvcuse",
        .bundle = bundle,
        .notes = notes,
    };

    return config && (!cdi || oci_edit_add_cdi(config, cdi, error)) &&
           oci_edit_apply(config, &connection, error) && oci_bundle_exchange(bundle, config, error);
}

int main(int argc, char **argv)
{
    g_autofree char *cdi = NULL;
    const GOptionEntry entries[] = {{"cdi", 0, 0, G_OPTION_ARG_FILENAME, &cdi, "", ""},
                                    G_OPTION_ENTRY_NULL};
    g_autoptr(GOptionContext) context = g_option_context_new("edit|restore BUNDLE...");

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, NULL) || argc < 3) {
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        g_autoptr(GError) error = NULL;
        bool ok = g_str_equal(argv[1], "edit") ? edit(argv[i], cdi, &error)
                                               : oci_bundle_restore(argv[i], &error);
        if (ok) {
            g_print("done\n");
        } else {
            g_print("refused %s %d: %s\n", g_quark_to_string(error->domain), error->code,
                    error->message);
        }
    }
    return EXIT_SUCCESS;
}
