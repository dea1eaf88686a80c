/* SPDX-License-Identifier: Apache-2.0 */
/* Edits of Docker's daemon.json. */
#include "tests/unit/cli/install/edits.h"

#define OURS "\"nvcuse\" : {\n      \"path\" : \"" RUNTIME "\"\n    }"

Test(install_docker, a_missing_or_empty_file_gets_the_runtime_alone)
{
    static const char *const texts[] = {NULL, "", " \r\n\t"};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *text = edited(&engine_docker, texts[i], (InstallWish){0});
        cr_assert_str_eq(text, "{\n  \"runtimes\" : {\n    " OURS "\n  }\n}\n");
        g_autofree char *removed = edited(&engine_docker, text, (InstallWish){.remove = true});
        cr_assert_str_eq(removed, "");
    }
}

Test(install_docker, all_other_members_stay_as_they_were_written)
{
    g_autofree char *text = edited(
        &engine_docker,
        "{\"n\": 1e400, \"u\": 18446744073709551615, \"s\": \"\\u0041\",\n"
        " \"runtimes\": {\"kata\": {\"path\": \"/opt/kata\"}, \"nvcuse\": {\"path\": \"/old\", "
        "\"runtimeArgs\": []}},\n \"default-runtime\": \"kata\"}",
        (InstallWish){.make_default = true});

    cr_assert_str_eq(
        text, "{\n  \"n\" : 1e400,\n  \"u\" : 18446744073709551615,\n  \"s\" : \"\\u0041\",\n"
              "  \"runtimes\" : {\n    \"kata\" : {\n      \"path\" : \"/opt/kata\"\n    },\n"
              "    \"nvcuse\" : {\n      \"path\" : \"" RUNTIME "\",\n      \"runtimeArgs\" : []\n"
              "    }\n  },\n  \"default-runtime\" : \"nvcuse\"\n}\n");
}

static const char *const texts[] = {
    "{}",
    "{ }\n",
    "{\"log-driver\":  \"journald\"}\r\n",
    "{\n\t\"default-runtime\": \"kata\",\n\t\"runtimes\": {\"kata\": {\"path\": \"/opt/kata\"}}\n}",
    "{\"runtimes\": {}}",
};

Test(install_docker, an_edit_is_repeatable_and_undone_byte_for_byte)
{
    for (size_t i = 0; i < 2 * G_N_ELEMENTS(texts); i++) {
        const char *before = texts[i / 2];
        const InstallWish wish = {.make_default = i % 2, .before = before};
        g_autofree char *first = edited(&engine_docker, before, wish);
        g_autofree char *second = edited(&engine_docker, first, wish);
        g_autofree char *plain = edited(&engine_docker, first, (InstallWish){0});
        g_autofree char *removed =
            edited(&engine_docker, first, (InstallWish){.remove = true, .before = before});

        cr_assert_str_neq(first, before);
        cr_assert_str_eq(second, first);
        cr_assert_str_eq(plain, first, "without --default-runtime, the default stays");
        cr_assert_str_eq(removed, before);
    }
}

Test(install_docker, what_others_have_added_since_stays_when_the_runtime_goes)
{
    static const char text[] = "{\"runtimes\": {\"nvcuse\": {\"path\": \"" RUNTIME "\"}},"
                               "\"default-runtime\": \"nvcuse\", \"debug\": true}";
    g_autofree char *unknown = edited(&engine_docker, text, (InstallWish){.remove = true});
    g_autofree char *known =
        edited(&engine_docker, text,
               (InstallWish){.remove = true,
                             .before = "{\"default-runtime\": \"kata\", \"debug\": false}"});

    cr_assert_str_eq(unknown, "{\n  \"debug\" : true\n}\n");
    cr_assert_str_eq(known, "{\n  \"default-runtime\" : \"kata\",\n  \"debug\" : true\n}\n");
}

Test(install_docker, a_default_that_is_not_nvcuse_stays)
{
    g_autofree char *removed = edited(&engine_docker,
                                      "{\"runtimes\": {\"nvcuse\": {\"path\": \"x\"}},"
                                      "\"default-runtime\": \"crun\"}",
                                      (InstallWish){.remove = true, .before = "{}"});

    cr_assert_str_eq(removed, "{\n  \"default-runtime\" : \"crun\"\n}\n");
}

Test(install_docker, nothing_to_remove_changes_nothing)
{
    static const char text[] = "{\"runtimes\":{\"kata\":{}}}";
    g_autofree char *removed = edited(&engine_docker, text, (InstallWish){.remove = true});
    g_autofree char *missing = edited(&engine_docker, NULL, (InstallWish){.remove = true});

    cr_assert_str_eq(removed, text);
    cr_assert_str_eq(missing, "");
}

Test(install_docker, what_is_not_understood_is_refused_in_words)
{
    static const struct {
        const char *text;
        const char *words;
    } rows[] = {
        {"{\"a\": 1", "line 1"},
        {"[]", "object"},
        {"{\"a\": 1, \"a\": 2}", "\"a\""},
        {"{\"runtimes\": []}", "\"runtimes\" is not an object"},
        {"{\"runtimes\": {\"nvcuse\": \"x\"}}", "\"runtimes\".\"nvcuse\" is not an object"},
        {"{\"runtimes\": {\"nvcuse\": {\"runtimeType\": \"x\"}}}", "has \"runtimeType\""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        is_refused(&engine_docker, rows[i].text, (InstallWish){0}, rows[i].words);
    }
}
