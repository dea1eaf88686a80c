/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that a fallen worker makes. */
#include "tests/hostile/fallen/fallen-call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>
#include <seccomp.h>

enum { ARGUMENTS = 6, PAGE = 4096 };

static long argument_of(const char *text, void *page)
{
    return *text == '='                ? (long)(text + 1)
           : g_str_equal(text, "page") ? (long)page
                                       : (long)g_ascii_strtoll(text, NULL, 0);
}

void fallen_call(const char *word, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", 1 + ARGUMENTS);
    guint n = g_strv_length(parts);
    g_autofree char *memory = g_malloc0((gsize)2 * PAGE);
    char *page = memory + PAGE - (guintptr)memory % PAGE;
    long number = n ? seccomp_syscall_resolve_name(parts[0]) : -1;
    long a[ARGUMENTS] = {0};

    if (number < 0) {
        g_printerr("%s: not the name of a system call\n", word);
        return;
    }
    for (guint i = 1; i < n; i++) {
        a[i - 1] = argument_of(parts[i], page);
    }
    long result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    g_printerr("%s: %s\n", word, result < 0 ? strerrorname_np(errno) : "ok");
}
