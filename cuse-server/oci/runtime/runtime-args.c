/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/runtime/runtime-args.h"

#include <string.h>

#include <gio/gio.h>

/*
 * Option: an option of a runtime.
 * @letter: its short name; '\0': it does not have one
 * @has_value: it takes a value
 * @member: offset in RuntimeArgs where the value is stored; -1: the option is only skipped
 */
typedef struct {
    const char *name;
    char letter;
    bool has_value;
    gssize member;
} Option;

#define MEMBER(name) (gssize) offsetof(RuntimeArgs, name)
#define VALUE(name)          \
    {                        \
        name, '\0', true, -1 \
    }
#define SWITCH(name, letter_)    \
    {                            \
        name, letter_, false, -1 \
    }

/* Options before the command, from `runc --help` (1.1 to 1.3) and `crun --help` (1.8 to 1.24). No option takes a
 * value in one runtime and no value in another. The same holds for the options below, in all commands. */
static const Option global_options[] = {
    {"nvcuse-runtime", '\0', true, MEMBER(runtime)},
    {"log", '\0', true, MEMBER(log)},
    {"log-format", '\0', true, MEMBER(log_format)},
    VALUE("log-level"),
    VALUE("root"),
    VALUE("criu"),
    VALUE("rootless"),
    VALUE("cgroup-manager"),
    SWITCH("debug", '\0'),
    SWITCH("systemd-cgroup", '\0'),
    SWITCH("help", 'h'),
    SWITCH("usage", '?'),
    SWITCH("version", 'v'),
    SWITCH("version", 'V'),
    {NULL, '\0', false, -1},
};

/* Options after create, run, restore and update. */
static const Option command_options[] = {
    {"bundle", 'b', true, MEMBER(bundle)},
    {"config", 'f', true, MEMBER(config)},
    {"resources", 'r', true, MEMBER(resources)},
    VALUE("console-socket"),
    VALUE("pid-file"),
    VALUE("pidfd-socket"),
    VALUE("preserve-fds"),
    SWITCH("detach", 'd'),
    SWITCH("keep", '\0'),
    SWITCH("no-new-keyring", '\0'),
    SWITCH("no-pivot", '\0'),
    SWITCH("no-subreaper", '\0'),
    SWITCH("help", 'h'),
    SWITCH("usage", '?'),
    /* restore */
    VALUE("image-path"),
    VALUE("work-path"),
    VALUE("manage-cgroups-mode"),
    VALUE("empty-ns"),
    VALUE("lsm-profile"),
    VALUE("lsm-mount-context"),
    SWITCH("tcp-established", '\0'),
    SWITCH("ext-unix-sk", '\0'),
    SWITCH("shell-job", '\0'),
    SWITCH("file-locks", '\0'),
    SWITCH("auto-dedup", '\0'),
    SWITCH("lazy-pages", '\0'),
    SWITCH("link-remap", '\0'),
    /* update */
    VALUE("blkio-weight"),
    VALUE("cpu-period"),
    VALUE("cpu-quota"),
    VALUE("cpu-burst"),
    VALUE("cpu-share"),
    VALUE("cpu-idle"),
    VALUE("cpu-rt-period"),
    VALUE("cpu-rt-runtime"),
    VALUE("cpuset-cpus"),
    VALUE("cpuset-mems"),
    VALUE("kernel-memory"),
    VALUE("kernel-memory-tcp"),
    VALUE("memory"),
    VALUE("memory-reservation"),
    VALUE("memory-swap"),
    VALUE("pids-limit"),
    VALUE("l3-cache-schema"),
    VALUE("mem-bw-schema"),
    {NULL, '\0', false, -1},
};

/* --- one option ------------------------------------------------------------------------------- */

/*
 * Found: an option that a word contains.
 * @value: its value, if that is in the same word, or NULL
 */
typedef struct {
    const Option *option;
    const char *value;
} Found;

static bool refuse(const char *word, const char *why, GError **error)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "option %s: %s", word, why);
    return false;
}

static const Option *find_letter(const Option *options, char letter)
{
    for (; options->name; options++) {
        if (options->letter == letter) {
            return options;
        }
    }
    return NULL;
}

/* Find an option by its name. If @cut, names may be cut short: accept a beginning that only one name has. */
static const Option *find_name(const Option *options, const char *name, size_t length, bool cut)
{
    const Option *found = NULL;
    bool several = false;

    for (; options->name; options++) {
        if (strncmp(options->name, name, length) != 0) {
            continue;
        }
        if (options->name[length] == '\0') {
            return options;
        }
        several = several || found;
        found = options;
    }
    return cut && length > 0 && !several ? found : NULL;
}

/* @name: the word without its dashes */
static bool find_long(const Option *options, const char *word, const char *name, bool cut,
                      Found *found, GError **error)
{
    size_t length = strcspn(name, "=");

    found->option = find_name(options, name, length, cut);
    found->value = name[length] == '=' ? name + length + 1 : NULL;
    return found->option || refuse(word,
                                   "nvcuse-runtime does not know it, so it cannot tell what "
                                   "follows it; spell it in full, or leave it out",
                                   error);
}

/* Read a word of letters as argp does: switches may share a word, and the text after a letter that takes a value is
 * its value. */
static bool find_letters(const Option *options, const char *word, Found *found, GError **error)
{
    for (const char *letter = word + 1; *letter; letter++) {
        found->option = find_letter(options, *letter);
        if (!found->option) {
            return refuse(word, "nvcuse-runtime does not know one of its letters", error);
        }
        if (found->option->has_value) {
            found->value = letter[1] ? letter + 1 : NULL;
            return true;
        }
    }
    return true;
}

static bool find_option(const Option *options, const char *word, RuntimeSyntax syntax, Found *found,
                        GError **error)
{
    bool is_long = g_str_has_prefix(word, "--");
    const char *name = word + (is_long ? 2 : 1);

    *found = (Found){NULL, NULL};
    if (!is_long && syntax == RUNTIME_SYNTAX_ARGP) {
        return find_letters(options, word, found, error);
    }
    if (!is_long && (name[1] == '\0' || (syntax == RUNTIME_SYNTAX_GO && name[1] == '='))) {
        found->option = find_letter(options, name[0]);
        found->value = name[1] ? name + 2 : NULL;
    }
    if (found->option) {
        return true;
    }
    if (!is_long && syntax != RUNTIME_SYNTAX_GO) {
        return refuse(word, "runtimes read it in different ways; spell it with two dashes", error);
    }
    return find_long(options, word, name, syntax == RUNTIME_SYNTAX_ARGP, found, error);
}

/* Check the word that follows as a value. If it looks like an option, some runtimes take it for the value and others
 * for an option, so it is refused. A negative number does not count as an option. */
static bool check_next(const char *word, const char *next, GError **error)
{
    if (!next) {
        return refuse(word, "its value is missing", error);
    }
    if (next[0] == '-' && next[1] != '\0' && !g_ascii_isdigit(next[1])) {
        return refuse(word, "its value looks like an option; put '=' between the two", error);
    }
    return true;
}

/*
 * Read the option at @argv.
 * @n: set to the number of words that it takes up
 */
static bool take(RuntimeArgs *args, char **argv, const Option *options, RuntimeSyntax syntax,
                 const Option **option, int *n, GError **error)
{
    Found found;

    if (!find_option(options, argv[0], syntax, &found, error)) {
        return false;
    }
    *option = found.option;
    *n = 1;
    if (!found.option->has_value) {
        return !found.value || syntax == RUNTIME_SYNTAX_GO ||
               refuse(argv[0], "it takes no value", error);
    }
    if (!found.value) {
        *n = 2;
        found.value = argv[1];
        if (!check_next(argv[0], argv[1], error)) {
            return false;
        }
    }
    if (found.option->member >= 0) {
        *(const char **)((char *)args + found.option->member) = found.value;
    }
    return true;
}

/* --- the line --------------------------------------------------------------------------------- */

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
static bool take_global(RuntimeArgs *args, char **argv, const Option **option, int *n,
                        GError **error)
{
    bool is_long = g_str_has_prefix(argv[0], "--");
    RuntimeSyntax syntax = is_long ? RUNTIME_SYNTAX_ARGP : RUNTIME_SYNTAX_GO;
    const char *equals = strchr(argv[0], '=');

    /* runc's --debug=true */
    if (is_long && equals) {
        const Option *exact =
            find_name(global_options, argv[0] + 2, (size_t)(equals - argv[0] - 2), false);
        syntax = exact && !exact->has_value ? RUNTIME_SYNTAX_GO : syntax;
    }
    return take(args, argv, global_options, syntax, option, n, error);
}

bool runtime_args_read_global(RuntimeArgs *args, char **argv, GError **error)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    const Option *option;
    bool ok = true;
    int i = 1;
    int n;

    *args = (RuntimeArgs){.words = NULL};
    g_ptr_array_add(words, argv[0]);
    while (ok && argv[i] && is_option(argv[i]) && !g_str_equal(argv[i], "--")) {
        ok = take_global(args, argv + i, &option, &n, error);
        for (int w = 0; ok && w < n; w++, i++) {
            if (option != &global_options[0]) {
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
                    "'%s' and '%s' cannot both be the container: expected options and one name",
                    args->id, word);
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
        const Option *option;
        n = 1;
        if (options && g_str_equal(*word, "--")) {
            options = false;
        } else if (options && is_option(*word)) {
            if (!take(args, word, command_options, syntax, &option, &n, error)) {
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
        const Option *option = NULL;
        n = 1;
        options = options && !g_str_equal(*word, "--");
        if (options && is_option(*word)) {
            RuntimeArgs again = {0};
            (void)take(&again, word, command_options, syntax, &option, &n, NULL);
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
