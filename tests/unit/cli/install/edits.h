/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of all engines' edits share. */
#pragma once

#include <criterion/criterion.h>

#include <string.h>

#include "cuse-server/cli/install/engine.h"

#define RUNTIME "/usr/bin/nvcuse-runtime"

/* Edit a text. The edit has to succeed. */
static inline char *edited(const Engine *engine, const char *text, InstallWish wish)
{
    g_autoptr(GError) error = NULL;
    char *new_text;

    wish.runtime = RUNTIME;
    new_text = engine_edit(engine, text, &wish, &error);
    cr_assert(new_text, "%s\n%s", error ? error->message : "", text ? text : "(no file)");
    return new_text;
}

/* Check that an edit is refused in these words, which may be a part of the message. */
static inline void is_refused(const Engine *engine, const char *text, InstallWish wish,
                              const char *words)
{
    g_autoptr(GError) error = NULL;

    wish.runtime = RUNTIME;
    cr_assert_null(engine_edit(engine, text, &wish, &error), "%s", text);
    cr_assert(strstr(error->message, words), "%s", error->message);
}

/* Check that a second edit changes nothing, and that the edit is undone byte for byte, both without the text from before. */
static inline void goes_and_comes(const Engine *engine, const char *text, bool make_default)
{
    g_autofree char *first = edited(engine, text, (InstallWish){.make_default = make_default});
    g_autofree char *second = edited(engine, first, (InstallWish){.make_default = make_default});
    g_autofree char *plain = edited(engine, first, (InstallWish){0});
    g_autofree char *removed = edited(engine, first, (InstallWish){.remove = true});

    cr_assert_str_neq(first, text);
    cr_assert_str_eq(second, first);
    cr_assert_str_eq(plain, first, "without --default-runtime, the default stays");
    cr_assert_str_eq(removed, text);
}
