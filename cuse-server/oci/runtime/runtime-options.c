/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/runtime/runtime-options.h"

#include <string.h>

#include <gio/gio.h>

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
const RuntimeOption runtime_global_options[] = {
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
const RuntimeOption runtime_command_options[] = {
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
    const RuntimeOption *option;
    const char *value;
} Found;

static bool refuse(const char *word, const char *why, GError **error)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "cannot read option %s: %s", word,
                why);
    return false;
}

static const RuntimeOption *find_letter(const RuntimeOption *options, char letter)
{
    for (; options->name; options++) {
        if (options->letter == letter) {
            return options;
        }
    }
    return NULL;
}

const RuntimeOption *runtime_option_find(const RuntimeOption *options, const char *name,
                                         size_t length, bool cut)
{
    const RuntimeOption *found = NULL;
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
static bool find_long(const RuntimeOption *options, const char *word, const char *name, bool cut,
                      Found *found, GError **error)
{
    size_t length = strcspn(name, "=");

    found->option = runtime_option_find(options, name, length, cut);
    found->value = name[length] == '=' ? name + length + 1 : NULL;
    return found->option || refuse(word,
                                   "nvcuse-runtime does not know this option; spell it in "
                                   "full, or leave it out",
                                   error);
}

/* Read a word of letters as argp does: switches may share a word, and the text after a letter that takes a value is
 * its value. */
static bool find_letters(const RuntimeOption *options, const char *word, Found *found,
                         GError **error)
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
    return found->option || refuse(word, "expected a letter after the dash", error);
}

static bool find_option(const RuntimeOption *options, const char *word, RuntimeSyntax syntax,
                        Found *found, GError **error)
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
        return refuse(word, "its value looks like an option; write OPTION=VALUE", error);
    }
    return true;
}

bool runtime_option_take(RuntimeArgs *args, char **argv, const RuntimeOption *options,
                         RuntimeSyntax syntax, const RuntimeOption **option, int *n, GError **error)
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
