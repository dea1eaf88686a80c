/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/runtime/runtime-args.h"

#include <string.h>

#include <gio/gio.h>

#include "cuse-server/oci/runtime/runtime-options.h"

/* Resolve a path as the kernel does, because that is how the runtime goes there: "link/.." is not the working
 * directory. The caller frees it. */
static char *resolve(const char *path)
{
    char *found = realpath(path, NULL);
    char *resolved = found ? g_strdup(found) : g_canonicalize_filename(path, NULL);

    free(found);
    return resolved;
}

static RuntimeSyntax syntax_of_name(const char *path)
{
    g_autofree char *name = g_path_get_basename(path);

    if (strstr(name, "crun") || strstr(name, "krun")) {
        return RUNTIME_SYNTAX_ARGP;
    }
    return strstr(name, "runc") ? RUNTIME_SYNTAX_GO : RUNTIME_SYNTAX_COMMON;
}

/* A link can have the name of one runtime and lead to another. If the names differ in syntax, only the common syntax
 * is safe. */
RuntimeSyntax runtime_syntax_of(const char *path)
{
    g_autofree char *program = g_find_program_in_path(path);
    g_autofree char *target = program ? resolve(program) : NULL;
    RuntimeSyntax syntax = syntax_of_name(path);

    return !target || syntax_of_name(target) == syntax ? syntax : RUNTIME_SYNTAX_COMMON;
}

static RuntimeCommand command_of(const char *word)
{
    static const struct {
        const char *name;
        RuntimeCommand command;
    } commands[] = {{"create", RUNTIME_CREATE},
                    {"run", RUNTIME_RUN},
                    {"restore", RUNTIME_RESTORE},
                    {"update", RUNTIME_UPDATE}};

    for (size_t i = 0; word && i < G_N_ELEMENTS(commands); i++) {
        if (g_str_equal(commands[i].name, word)) {
            return commands[i].command;
        }
    }
    return RUNTIME_OTHER;
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

/* Read one option before the command. runc's spelling (-log) and crun's (--roo) mean the same to every runtime that
 * accepts them: no letter here takes a value, and the names are the same. */
static bool take_global(RuntimeArgs *args, char **argv, const RuntimeOption **option, int *n,
                        GError **error)
{
    bool is_long = g_str_has_prefix(argv[0], "--");
    RuntimeSyntax syntax = is_long ? RUNTIME_SYNTAX_ARGP : RUNTIME_SYNTAX_GO;
    const char *equals = strchr(argv[0], '=');

    /* runc's --debug=true */
    if (is_long && equals) {
        const RuntimeOption *exact = runtime_option_find(runtime_global_options, argv[0] + 2,
                                                         (size_t)(equals - argv[0] - 2), false);
        syntax = exact && !exact->has_value ? RUNTIME_SYNTAX_GO : syntax;
    }
    return runtime_option_take(args, argv, runtime_global_options, syntax, option, n, error);
}

bool runtime_args_read_global(RuntimeArgs *args, char **argv, GError **error)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    const RuntimeOption *option;
    bool ok = true;
    int i = 1;
    int n;

    *args = (RuntimeArgs){.words = NULL};
    g_ptr_array_add(words, argv[0]);
    while (ok && argv[i] && is_option(argv[i]) && !g_str_equal(argv[i], "--")) {
        ok = take_global(args, argv + i, &option, &n, error);
        for (int w = 0; ok && w < n; w++, i++) {
            if (option != &runtime_global_options[0]) {
                g_ptr_array_add(words, argv[i]);
            }
        }
    }
    if (ok && argv[i] && g_str_equal(argv[i], "--")) {
        i++;
    }
    args->command = ok ? command_of(argv[i]) : RUNTIME_OTHER;
    args->first = words->len + 1;
    for (; argv[i]; i++) {
        g_ptr_array_add(words, argv[i]);
    }
    g_ptr_array_add(words, NULL);
    args->words = (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
    return ok;
}

static bool take_id(RuntimeArgs *args, const char *word, GError **error)
{
    if (args->id) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "two container names: '%s' and '%s': expected one", args->id, word);
        return false;
    }
    args->id = word;
    return true;
}

static bool read_words(RuntimeArgs *args, RuntimeSyntax syntax, GError **error)
{
    bool options = true;
    int n = 1;

    for (char **word = args->words + args->first; args->command && *word; word += n) {
        const RuntimeOption *option;
        n = 1;
        if (options && g_str_equal(*word, "--")) {
            options = false;
        } else if (options && is_option(*word)) {
            if (!runtime_option_take(args, word, runtime_command_options, syntax, &option, &n,
                                     error)) {
                return false;
            }
        } else if (!take_id(args, *word, error)) {
            return false;
        } else {
            options = options && syntax == RUNTIME_SYNTAX_GO;
        }
    }
    return true;
}

bool runtime_args_read_command(RuntimeArgs *args, RuntimeSyntax syntax, GError **error)
{
    bool ok = read_words(args, syntax, error);

    /* Until now @bundle pointed into argv, as the other members do. */
    args->bundle = resolve(args->bundle ? args->bundle : ".");
    return ok;
}

void runtime_args_feed(RuntimeArgs *args, RuntimeSyntax syntax)
{
    static char feed[] = "--resources=/proc/self/fd/0"; /* not every /dev has crun's /dev/stdin */
    GPtrArray *words = g_ptr_array_new();
    bool options = true;
    int n = 1;

    for (guint i = 0; i < args->first; i++) {
        g_ptr_array_add(words, args->words[i]);
    }
    g_ptr_array_add(words, feed);
    for (char **word = args->words + args->first; *word; word += n) {
        const RuntimeOption *option = NULL;
        n = 1;
        options = options && !g_str_equal(*word, "--");
        if (options && is_option(*word)) {
            RuntimeArgs again = {0};
            (void)runtime_option_take(&again, word, runtime_command_options, syntax, &option, &n,
                                      NULL);
            if (again.resources) {
                continue;
            }
        }
        for (int w = 0; w < n; w++) {
            g_ptr_array_add(words, word[w]);
        }
    }
    g_ptr_array_add(words, NULL);
    g_free(args->words);
    args->words = (char **)g_ptr_array_free(words, FALSE);
}

void runtime_args_clear(RuntimeArgs *args)
{
    g_clear_pointer(&args->words, g_free);
    g_clear_pointer(&args->bundle, g_free);
}
