/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/install/engine.h"

#include <gio/gio.h>

#include "cuse-server/base/nearest.h"

static const Engine *const engines[] = {&engine_docker, &engine_podman, &engine_containerd,
                                        &engine_crio};

const Engine *engine_find(const char *name, GError **error)
{
    const char *names[G_N_ELEMENTS(engines) + 1] = {NULL};

    for (size_t i = 0; i < G_N_ELEMENTS(engines); i++) {
        if (g_str_equal(engines[i]->name, name)) {
            return engines[i];
        }
        names[i] = engines[i]->name;
    }
    g_autofree char *hint = nearest_hint(name, names);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "unknown engine '%s'%s", name,
                hint);
    return NULL;
}

/* Check whether a text is what nvcuse install makes of the text from before. */
static bool is_made_of_before(const Engine *engine, const char *text, const InstallWish *wish)
{
    InstallWish made = *wish;

    made.remove = false;
    for (int i = 0; text && wish->before && wish->runtime && i < 2; i++) {
        made.make_default = i == 1;
        g_autofree char *again = engine->edit(wish->before, &made, NULL);
        if (g_strcmp0(again, text) == 0) {
            return true;
        }
    }
    return false;
}

char *engine_edit(const Engine *engine, const char *text, const InstallWish *wish, GError **error)
{
    if (wish->remove && is_made_of_before(engine, text, wish)) {
        return g_strdup(wish->before);
    }
    return engine->edit(text, wish, error);
}
