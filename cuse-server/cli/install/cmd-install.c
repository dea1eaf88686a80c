/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse install: gives a container engine the runtime nvcuse, and takes it back. */
#include <gio/gio.h>

#include "cuse-server/cli/command.h"
#include "cuse-server/cli/install/engine-file.h"
#include "cuse-server/cli/install/engine-hook.h"
#include "cuse-server/cli/install/engine.h"
#include "cuse-server/cli/install/text-diff.h"
#include "cuse-server/oci/runtime/find-program.h"

/* What was asked for, and what is there. */
typedef struct {
    gboolean make_default;
    gboolean dry_run;
    gboolean remove;
    char *config;
    const Engine *engine;
    char *program; /* the engine's, or NULL */
    EngineHookChange hook;
} Install;

/* --- options ---------------------------------------------------------------------------------- */

static bool parse(Install *install, int argc, char **argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"default-runtime", 0, 0, G_OPTION_ARG_NONE, &install->make_default,
         "also make nvcuse the runtime of containers that name none", NULL},
        {"dry-run", 0, 0, G_OPTION_ARG_NONE, &install->dry_run,
         "show what would change, and write nothing", NULL},
        {"remove", 0, 0, G_OPTION_ARG_NONE, &install->remove,
         "take out what nvcuse install has put into the configuration", NULL},
        {"config", 0, 0, G_OPTION_ARG_FILENAME, &install->config,
         "edit FILE, not the engine's usual configuration", "FILE"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new("docker|podman|containerd|crio");

    g_option_context_set_summary(context,
                                 "Give a container engine the runtime nvcuse. Needs root.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, error)) {
        return false;
    }
    if (argc != 2) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                            "expected one engine: docker, podman, containerd or crio; see nvcuse "
                            "install --help");
        return false;
    }
    if (install->remove && install->make_default) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                            "--remove and --default-runtime contradict each other: --remove also "
                            "restores the default runtime");
        return false;
    }
    install->engine = engine_find(argv[1], error);
    return install->engine != NULL;
}

/* --- editing ---------------------------------------------------------------------------------- */

/* Find nvcuse-runtime: it is installed beside this program. */
static char *find_runtime(GError **error)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", error);
    g_autofree char *directory = program ? g_path_get_dirname(program) : NULL;
    g_autofree char *runtime = program ? g_build_filename(directory, "nvcuse-runtime", NULL) : NULL;

    if (runtime && !g_file_test(runtime, G_FILE_TEST_IS_EXECUTABLE)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                    "there is no program %s, which the engine would start: install nvcuse first, "
                    "or make it: ln -s nvcuse %s",
                    runtime, runtime);
        return NULL;
    }
    return g_steal_pointer(&runtime);
}

static bool prove(const char *path, gpointer data, GError **error)
{
    const Install *install = data;

    return install->engine->prove(install->program, path, error);
}

static bool write_file(Install *install, const EngineFile *file, const char *text, bool is_first,
                       GError **error)
{
    const bool may_prove = install->program && install->engine->prove && !install->remove;

    if (*text == '\0' && !file->backup) {
        return engine_file_remove(file, error);
    }
    if (!engine_file_write(file, text, is_first, may_prove ? prove : NULL, install, error)) {
        return false;
    }
    /* The backup has served its purpose when the configuration is what it was. */
    return !install->remove || g_strcmp0(text, file->backup) != 0 ||
           engine_file_remove_backup(file, error);
}

/* Make or remove the engine's hook. A configuration elsewhere is not of this host's engine. The runtime works without it, so if it
 * fails this is only said. */
static void put_hook(Install *install)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *program = g_file_read_link("/proc/self/exe", &error);

    if (!install->engine->hook || install->config) {
        return;
    }
    if (!program ||
        !engine_hook_put(install->engine->hook, program, install->remove, &install->hook, &error)) {
        g_printerr("nvcuse install: warning: %s; %s offers --gpus only if it finds a program of "
                   "this name in its PATH\n",
                   error->message, install->engine->name);
    }
}

/* --- telling ---------------------------------------------------------------------------------- */

static void tell_next(const Install *install)
{
    const Engine *engine = install->engine;
    const bool must_restart = install->remove || install->hook == ENGINE_HOOK_MADE;
    const char *restart = must_restart ? engine->restart_without : engine->restart;

    if (install->hook != ENGINE_HOOK_STAYS) {
        g_print("%s the link %s, with which %s offers --gpus.\n",
                install->hook == ENGINE_HOOK_MADE ? "Made" : "Removed", engine->hook, engine->name);
    }

    if (!install->remove && !install->program) {
        g_print("Note: there is no program %s on this host yet.\n", engine->program);
    }
    if (restart) {
        g_print("Next: %s\n", restart);
    } else {
        g_print("%s reads its configuration at each start: nothing has to be restarted.\n",
                engine->name);
    }
    if (!install->remove) {
        g_print("Then try: %s\n", engine->attempt);
    }
    if (!install->remove && !g_file_test("/etc/cdi/nvcuse.json", G_FILE_TEST_EXISTS)) {
        g_print(
            "Containers get NVIDIA's libraries of this host only after nvcuse cdi generate; see "
            "nvcuse-cdi(1).\n");
    }
}

static void tell_no_change(const Install *install, const EngineFile *file)
{
    if (install->remove) {
        g_print("%s has nothing that nvcuse install has put there, and stays as it is.\n",
                file->path);
    } else {
        g_print("%s has the runtime " INSTALL_NAME " already, and stays as it is.\n", file->path);
    }
    if (install->hook != ENGINE_HOOK_STAYS) {
        tell_next(install);
    }
}

static void tell_change(const Install *install, const EngineFile *file, const char *text,
                        bool is_first)
{
    if (install->remove) {
        g_print(*text || file->backup ? "The runtime " INSTALL_NAME " is out of %s again.\n"
                                      : "Removed %s, which had nothing else in it.\n",
                file->path);
        if (file->backup && g_strcmp0(text, file->backup) != 0) {
            g_print("%s has the text from before nvcuse came. Remove it if you do not need it.\n",
                    file->backup_path);
        }
    } else {
        g_print("%s now has the runtime " INSTALL_NAME "%s.\n", file->path,
                install->make_default ? ", which is the default" : "");
        if (is_first && file->text) {
            g_print("%s has the text from before.\n", file->backup_path);
        }
    }
    tell_next(install);
}

/* --- the command ------------------------------------------------------------------------------ */

/* Check whether a text has no part of nvcuse install's. */
static bool is_untouched(const Engine *engine, const char *text)
{
    const InstallWish wish = {.remove = true};
    g_autofree char *without = engine->edit(text, &wish, NULL);

    return g_strcmp0(without, text) == 0;
}

static bool edit_file(Install *install, GError **error)
{
    const Engine *engine = install->engine;
    g_autoptr(EngineFile) file =
        engine_file_read(install->config ? install->config : engine->path, error);
    g_autofree char *runtime = file ? find_runtime(install->remove ? NULL : error) : NULL;
    InstallWish wish = {
        .runtime = runtime, .make_default = install->make_default, .remove = install->remove};

    if (!file || (!runtime && !install->remove)) {
        return false;
    }
    wish.before = file->backup;
    wish.engine_major = install->program && engine->major ? engine->major(install->program) : 0;
    /* A runtime that somebody wrote by hand makes the text look edited, but there is no backup of it then. */
    const bool is_first = is_untouched(engine, file->text) || !file->backup;
    g_autofree char *text = engine_edit(engine, file->text, &wish, error);
    if (!text) {
        g_prefix_error(error, "%s: ", file->path);
        return false;
    }
    const bool changes = g_strcmp0(text, file->text ? file->text : "") != 0;
    if (changes && install->dry_run) {
        g_autofree char *diff = text_diff(file->text ? file->text : "", text);
        g_print("--- %s\n+++ %s\n%s", file->path, file->path, diff);
        return true;
    }
    if (changes && !write_file(install, file, text, is_first, error)) {
        g_prefix_error(error, "%s was not changed: ", file->path);
        return false;
    }
    if (!install->dry_run) {
        put_hook(install);
    }
    if (changes) {
        tell_change(install, file, text, is_first);
    } else {
        tell_no_change(install, file);
    }
    return true;
}

int cmd_install(int argc, char **argv)
{
    Install install = {0};
    g_autoptr(GError) error = NULL;
    int code = EXIT_OK;

    if (!parse(&install, argc, argv, &error)) {
        code = EXIT_USAGE;
    } else {
        install.program = find_program(install.engine->program);
        code = edit_file(&install, &error) ? EXIT_OK : EXIT_FAILED;
    }
    if (code != EXIT_OK) {
        g_printerr("nvcuse install: %s\n", error->message);
    }
    g_free(install.config);
    g_free(install.program);
    return code;
}
