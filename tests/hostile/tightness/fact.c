/* SPDX-License-Identifier: Apache-2.0 */
/* Writing facts, and reading files for them. */
#include "tests/hostile/tightness/fact.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_SECONDS = 10, CHILD_OK = 0, CHILD_OTHER = 255 };

void fact(const char *subject, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *escaped = g_strescape(text, NULL);
    (void)printf("%s: %s\n", subject, escaped);
}

const char *outcome(long result)
{
    const char *name = strerrorname_np(errno);

    return result >= 0 ? "ok" : name ? name : "an unknown error";
}

static char *ending_of(int status)
{
    if (WIFSIGNALED(status)) {
        return WTERMSIG(status) == SIGALRM
                   ? g_strdup("no answer")
                   : g_strdup_printf("killed by signal %d", WTERMSIG(status));
    }
    errno = WEXITSTATUS(status);
    return g_strdup(errno == CHILD_OK ? "ok" : outcome(-1));
}

char *in_child(long (*what)(const void *data), const void *data)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        alarm(CHILD_SECONDS);
        long result = what(data);
        _exit(result >= 0 ? CHILD_OK : MIN(errno, CHILD_OTHER));
    }
    return child < 0 || waitpid(child, &status, 0) != child ? g_strdup(outcome(-1))
                                                            : ending_of(status);
}

char *text_of(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    g_autoptr(GString) text = g_string_new(NULL);
    char buffer[4096];
    ssize_t n;

    if (fd < 0) {
        return NULL;
    }
    while ((n = read(fd, buffer, sizeof buffer)) > 0) {
        g_string_append_len(text, buffer, n);
    }
    int saved = errno;
    close(fd);
    errno = saved;
    return n < 0 ? NULL : g_string_free(g_steal_pointer(&text), FALSE);
}

char *link_of(const char *path)
{
    char target[4096];
    ssize_t n = readlink(path, target, sizeof target - 1);

    if (n < 0) {
        return g_strdup(outcome(-1));
    }
    target[n] = '\0';
    g_autoptr(GRegex) number = g_regex_new("(socket|pipe):\\[\\d+\\]", 0, 0, NULL);
    return g_regex_replace(number, target, -1, 0, "\\1", 0, NULL);
}

static int by_name(gconstpointer a, gconstpointer b)
{
    const char *const *left = a;
    const char *const *right = b;
    const guint64 left_number = g_ascii_strtoull(*left, NULL, 10);
    const guint64 right_number = g_ascii_strtoull(*right, NULL, 10);

    return left_number != right_number ? (left_number < right_number ? -1 : 1)
                                       : strcmp(*left, *right);
}

GPtrArray *names_in(const char *path)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    const char *name;

    while (directory && (name = g_dir_read_name(directory))) {
        g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, by_name);
    return names;
}
