/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines as runc and crun read them. Each line was tried with runc 1.1.5 and crun 1.8.1. */
#include <criterion/criterion.h>

#include <string.h>

#include "cuse-server/oci/config/oci-update.h"
#include "cuse-server/oci/runtime/runtime-args.h"

enum { WORDS_MAX = 32 };

/* Split a line at spaces; the words must live as long as the arguments. */
static bool read_line(const char *line, const char *runtime, char ***words, RuntimeArgs *args)
{
    g_autoptr(GError) error = NULL;

    *words = g_strsplit(line, " ", WORDS_MAX);
    bool ok = runtime_args_read_global(args, *words, &error) &&
              runtime_args_read_command(args, runtime_syntax_of(runtime), &error);
    cr_assert_eq(ok, error == NULL, "%s", line);
    return ok;
}

typedef struct {
    const char *runtime;
    const char *line;
    RuntimeCommand command;
    const char *bundle;
    const char *id;
} Reading;

static const Reading readings[] = {
    {"any", "r create --bundle /b x", RUNTIME_CREATE, "/b", "x"},
    {"any", "r --root /r --log=/l run -b /b x", RUNTIME_RUN, "/b", "x"},
    {"any", "r create --bundle=/b --pid-file /p --no-pivot x", RUNTIME_CREATE, "/b", "x"},
    {"any", "r create --pidfd-socket /s --bundle /b x", RUNTIME_CREATE, "/b", "x"},
    {"any", "r create --bundle /a --bundle /b x", RUNTIME_CREATE, "/b", "x"},
    {"any", "r restore --image-path /i --bundle /b x", RUNTIME_RESTORE, "/b", "x"},
    {"any", "r create --bundle /b -- x", RUNTIME_CREATE, "/b", "x"},
    {"any", "r --log-level debug create --bundle /b x", RUNTIME_CREATE, "/b", "x"},
    {"runc", "r create x --bundle /b", RUNTIME_CREATE, "/b", "x"},
    {"runc", "r create x -b /b", RUNTIME_CREATE, "/b", "x"},
    {"runc", "r create -bundle=/b x", RUNTIME_CREATE, "/b", "x"},
    {"runc", "r create -b=/b x", RUNTIME_CREATE, "/b", "x"},
    {"runc", "r create --no-pivot=false --bundle /b x", RUNTIME_CREATE, "/b", "x"},
    {"runc", "r -debug=true -log /l create --bundle /b x", RUNTIME_CREATE, "/b", "x"},
    {"runc", "r --debug=true create --bundle /b x", RUNTIME_CREATE, "/b", "x"},
    {"runc", "r -- create --bundle /b x", RUNTIME_CREATE, "/b", "x"},
    {"crun", "r create -b/b x", RUNTIME_CREATE, "/b", "x"},
    {"crun", "r create --bund=/b x", RUNTIME_CREATE, "/b", "x"},
    {"crun", "r create --bund /b x", RUNTIME_CREATE, "/b", "x"},
    {"crun", "r run -db/b x", RUNTIME_RUN, "/b", "x"},
    {"crun", "r --cgroup-m cgroupfs --log-f json create --no-piv --bundle /b x", RUNTIME_CREATE,
     "/b", "x"},
    {"/opt/crun-1.24/bin/crun", "r create -b/b x", RUNTIME_CREATE, "/b", "x"},
};

Test(runtime_args, are_read_as_the_runtime_reads_them)
{
    for (size_t i = 0; i < G_N_ELEMENTS(readings); i++) {
        const Reading *reading = &readings[i];
        g_auto(GStrv) words = NULL;
        RuntimeArgs args;
        cr_assert(read_line(reading->line, reading->runtime, &words, &args), "%s", reading->line);
        cr_assert_eq(args.command, reading->command, "%s", reading->line);
        cr_assert_str_eq(args.bundle, reading->bundle, "%s", reading->line);
        cr_assert_str_eq(args.id, reading->id, "%s", reading->line);
        runtime_args_clear(&args);
    }
}

/* Lines that a runtime could read differently from nvcuse, or that nvcuse cannot read. */
static const struct {
    const char *runtime;
    const char *line;
} refusals[] = {
    {"any", "r create --new-option /v --bundle /b x"},
    {"any", "r --new-option create --bundle /b x"},
    {"any", "r create --bundle"},
    {"any", "r create --bundle --pid-file x"},
    {"any", "r create x --bundle /b"},
    {"any", "r create -b/b x"},
    {"any", "r create -bundle /b x"},
    {"any", "r create --bund=/b x"},
    {"any", "r create --no-pivot=true x"},
    {"any", "r create x y"},
    {"runc", "r create -b/b x"},
    {"runc", "r create --bund=/b x"},
    {"runc", "r create ---bundle=/b x"},
    {"runc", "r create -- x --bundle /b"},
    {"runc", "r create --bundle -x y"},
    {"crun", "r create x --bundle /b"},
    {"crun", "r create -bundle /b x"},
    {"crun", "r create --no-pivot=false x"},
    {"crun", "r create -- --bundle /b"},
    {"crun", "r create --pid x --bundle /b y"},
    {"crun", "r --log-x=json create --bundle /b x"},
    {"crun", "r --roo /r create --bundle /b x"},
    {"crun", "r restore --b x"},
};

Test(runtime_args, nothing_is_guessed)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_auto(GStrv) words = NULL;
        RuntimeArgs args;
        cr_assert_not(read_line(refusals[i].line, refusals[i].runtime, &words, &args), "%s: %s",
                      refusals[i].runtime, refusals[i].line);
        runtime_args_clear(&args);
    }
}

Test(runtime_args, other_commands_go_through)
{
    static const char *const lines[] = {"r --version",
                                        "r list -q",
                                        "r exec --anything x true --y",
                                        "r state x",
                                        "r delete --force x",
                                        "r -v",
                                        "r"};

    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_auto(GStrv) words = NULL;
        g_autofree char *passed = NULL;
        RuntimeArgs args;
        cr_assert(read_line(lines[i], "crun", &words, &args), "%s", lines[i]);
        passed = g_strjoinv(" ", args.words);
        cr_assert_str_eq(passed, lines[i]);
        cr_assert_eq(args.command, RUNTIME_OTHER);
        runtime_args_clear(&args);
    }
}

Test(runtime_args, our_own_option_goes_and_the_others_stay)
{
    g_auto(GStrv) words = NULL;
    g_autofree char *passed = NULL;
    RuntimeArgs args;

    cr_assert(read_line("r --log /l --nvcuse-runtime /bin/crun --log-format json create -b/b x",
                        "crun", &words, &args));
    passed = g_strjoinv(" ", args.words);
    cr_assert_str_eq(passed, "r --log /l --log-format json create -b/b x");
    cr_assert_str_eq(args.runtime, "/bin/crun");
    cr_assert_str_eq(args.log, "/l");
    cr_assert_str_eq(args.log_format, "json");
    runtime_args_clear(&args);
}

/* --- update ----------------------------------------------------------------------------------- */

Test(runtime_args, update_reads_from_where_it_is_told)
{
    static const struct {
        const char *runtime;
        const char *line;
        const char *fed;
    } lines[] = {
        {"runc", "r update -r /f x", "r update --resources=/proc/self/fd/0 x"},
        {"runc", "r update x --resources /f", "r update --resources=/proc/self/fd/0 x"},
        {"runc", "r --root /r update --resources=- --memory-swap -1 x",
         "r --root /r update --resources=/proc/self/fd/0 --memory-swap -1 x"},
        {"crun", "r update -r/f x", "r update --resources=/proc/self/fd/0 x"},
        {"crun", "r update --reso /f --pids-limit 3 -- x",
         "r update --resources=/proc/self/fd/0 --pids-limit 3 -- x"},
        {"crun", "r update -r /a -r - x", "r update --resources=/proc/self/fd/0 x"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_auto(GStrv) words = NULL;
        g_autofree char *passed = NULL;
        RuntimeArgs args;
        cr_assert(read_line(lines[i].line, lines[i].runtime, &words, &args), "%s", lines[i].line);
        cr_assert_eq(args.command, RUNTIME_UPDATE);
        cr_assert_not_null(args.resources, "%s", lines[i].line);
        runtime_args_feed(&args, runtime_syntax_of(lines[i].runtime));
        passed = g_strjoinv(" ", args.words);
        cr_assert_str_eq(passed, lines[i].fed);
        runtime_args_clear(&args);
    }
}

Test(oci_update, brings_no_device_rules)
{
    g_autoptr(GError) error = NULL;
    bool dropped;
    g_autofree char *text =
        oci_update_close("{\"memory\": {\"limit\": 9223372036854775807}, \"devices\": [{\"allow\": "
                         "true, \"access\": \"rwm\"}], \"pids\": {\"limit\": 9}}",
                         -1, &dropped, &error);

    cr_assert_str_eq(text, "{\"memory\":{\"limit\":9223372036854775807},\"pids\":{\"limit\":9}}");
    cr_assert(dropped);
}

Test(oci_update, without_them_says_what_it_said)
{
    bool dropped;
    g_autofree char *text = oci_update_close("{\"cpu\": {}}", -1, &dropped, NULL);

    cr_assert_str_eq(text, "{\"cpu\":{}}");
    cr_assert_not(dropped);
}

Test(oci_update, what_runtimes_read_in_two_ways_is_refused)
{
    static const char *const texts[] = {"{\"Devices\": []}",
                                        "{\"devices\": [], \"devices\": [{}]}",
                                        "{\"devices\": []} {}",
                                        "{\"devices\": {}}",
                                        "[]",
                                        ""};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        bool dropped;
        cr_assert_null(oci_update_close(texts[i], -1, &dropped, NULL), "%s", texts[i]);
    }
}
