/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/install/containerd-program.h"

#include <string.h>

#include <gio/gio.h>

#include "cuse-server/base/toml/toml-reader.h"
#include "cuse-server/cli/install/engine.h"

/* The table with the runtimes. A containerd writes the newest version that it knows, whatever it has read. */
static const char *const tables[] = {
    "plugins.\"io.containerd.grpc.v1.cri\".containerd",
    "plugins.'io.containerd.cri.v1.runtime'.containerd",
};

/* Run a program. Returns what it prints, which the caller frees, or NULL with its own words in @error. */
static char *ask(char **words, GError **error)
{
    g_autofree char *output = NULL;
    g_autofree char *wrong = NULL;
    int status;

    if (!g_spawn_sync("/", words, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, &wrong, &status,
                      error)) {
        return NULL;
    }
    if (!g_spawn_check_wait_status(status, NULL)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s", g_strstrip(wrong));
        return NULL;
    }
    return g_steal_pointer(&output);
}

unsigned containerd_program_major_of(const char *answer)
{
    g_auto(GStrv) words = g_strsplit_set(answer, " \n", 4);

    /* containerd github.com/containerd/containerd v1.7.24 88bf19b2105c8b17560993bee28a01ddc2f97182 */
    if (g_strv_length(words) < 3) {
        return 0;
    }
    return (unsigned)MIN(g_ascii_strtoull(words[2] + (*words[2] == 'v'), NULL, 10), 1000);
}

unsigned containerd_program_major(const char *program)
{
    char *words[] = {(char *)program, (char *)"--version", NULL};
    g_autofree char *answer = ask(words, NULL);

    return answer ? containerd_program_major_of(answer) : 0;
}

/* --- proving ------------------------------------------------------------------------------------ */

static bool has_runtime(const GPtrArray *items, const char *table, const char *name)
{
    g_autofree char *quoted = toml_quote(name);
    g_autofree char *runtime = g_strdup_printf("%s.runtimes.%s", table, quoted);

    return toml_find(items, TOML_KIND_TABLE, runtime) != NULL;
}

/* Get the name of the default runtime from a dump, which has it in quotes. */
static char *default_of(const char *dump, const GPtrArray *items, const char *table)
{
    g_autofree char *key = g_strconcat(table, ".default_runtime_name", NULL);
    const TomlItem *item = toml_find(items, TOML_KIND_KEY, key);

    return item && item->end - item->value > 2
               ? g_strndup(dump + item->value + 1, item->end - item->value - 2)
               : g_strdup("runc");
}

bool containerd_program_check_dump(const char *dump, GError **error)
{
    g_autoptr(GPtrArray) items = toml_read(dump, error);

    for (size_t i = 0; items && i < G_N_ELEMENTS(tables); i++) {
        if (!has_runtime(items, tables[i], INSTALL_NAME)) {
            continue;
        }
        g_autofree char *name = default_of(dump, items, tables[i]);
        if (has_runtime(items, tables[i], name)) {
            return true;
        }
        g_set_error(
            error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
            "the default runtime '%s' has no table, so that the CRI plugin would not start: "
            "add [%s.runtimes.%s], or set default_runtime_name",
            name, tables[i], name);
        return false;
    }
    if (items) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                            "containerd does not find the runtime " INSTALL_NAME
                            ": does the line 'version' fit this version of containerd?");
    }
    return false;
}

bool containerd_program_prove(const char *program, const char *path, GError **error)
{
    char *words[] = {(char *)program,  (char *)"-c",   (char *)path,
                     (char *)"config", (char *)"dump", NULL};
    g_autofree char *dump = ask(words, error);

    if (!dump || !containerd_program_check_dump(dump, error)) {
        g_prefix_error(error, "%s does not accept the new configuration: ", program);
        return false;
    }
    return true;
}
