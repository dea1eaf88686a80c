/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/runtime-args.h"

#include <string.h>

/* An option that takes a value. @member: where it goes, or -1: it only has to be stepped over */
typedef struct {
    const char *name;
    gssize member;
} Option;

#define MEMBER(name) (gssize) offsetof(RuntimeArgs, name)

/* Before the command. */
static const Option global_options[] = {
    {"nvcuse-runtime", MEMBER(runtime)},
    {"log", MEMBER(log)},
    {"log-format", MEMBER(log_format)},
    {"root", -1},
    {"criu", -1},
    {"rootless", -1},
    {"cgroup-manager", -1},
    {NULL, -1},
};

/* After `create` or `run`. */
static const Option create_options[] = {
    {"bundle", MEMBER(bundle)}, {"b", MEMBER(bundle)},
    {"config", MEMBER(config)}, {"f", MEMBER(config)},
    {"console-socket", -1},     {"pid-file", -1},
    {"preserve-fds", -1},       {NULL, -1},
};

/*
 * Is the word at @argv one of the options? Then set its member, and @n to how many words it has.
 * Options start with one dash or two; their values follow after '=' or in the next word.
 */
static bool take(RuntimeArgs *args, char **argv, const Option *options, const Option **found,
                 int *n)
{
    const char *name = argv[0] + strspn(argv[0], "-");
    size_t length = strcspn(name, "=");

    *n = 1;
    for (const Option *option = options; option->name; option++) {
        if (strlen(option->name) != length || strncmp(option->name, name, length) != 0) {
            continue;
        }
        const char *value = name[length] == '=' ? name + length + 1 : argv[1];
        *n = name[length] == '=' || !value ? 1 : 2;
        if (option->member >= 0) {
            *(const char **)((char *)args + option->member) = value;
        }
        *found = option;
        return true;
    }
    return false;
}

static int read_global(RuntimeArgs *args, char **argv, GPtrArray *words)
{
    int i = 1;

    while (argv[i] && argv[i][0] == '-') {
        const Option *found = NULL;
        int n;
        bool ours = take(args, argv + i, global_options, &found, &n) && found == &global_options[0];
        for (int w = 0; w < n; w++, i++) {
            if (!ours) {
                g_ptr_array_add(words, argv[i]);
            }
        }
    }
    return i;
}

void runtime_args_read(RuntimeArgs *args, int argc, char **argv)
{
    GPtrArray *words = g_ptr_array_sized_new((guint)argc + 1);
    const Option *found;
    int n;

    *args = (RuntimeArgs){.words = NULL};
    g_ptr_array_add(words, argv[0]);
    int i = read_global(args, argv, words);
    args->creates = argv[i] && (g_str_equal(argv[i], "create") || g_str_equal(argv[i], "run"));
    for (int w = i; w < argc; w++) {
        g_ptr_array_add(words, argv[w]);
    }
    g_ptr_array_add(words, NULL);
    args->words = (char **)g_ptr_array_free(words, FALSE);
    for (i++; args->creates && i < argc && !args->id; i += n) {
        n = 1;
        if (argv[i][0] != '-') {
            args->id = argv[i];
        } else {
            take(args, argv + i, create_options, &found, &n);
        }
    }
    args->bundle = g_canonicalize_filename(args->bundle ? args->bundle : ".", NULL);
}
