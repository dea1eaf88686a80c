/* SPDX-License-Identifier: Apache-2.0 */
/* Running a runtime's program to ask for its version and features. The programs here are scripts. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>
#include <glib/gstdio.h>

#include "cuse-server/container/guest-filter.h"
#include "cuse-server/oci/runtime/runtime-program.h"

enum { LONG_MS = 20000, SHORT_MS = 300 };

#define KILLABLE "\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\""

/* Run a program of this name that executes a shell script; "$D" is its directory. */
static bool ask(const char *name, const char *script, int limit_ms, char **trace)
{
    g_autofree char *directory = g_dir_make_tmp("runtime-program.XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *out = g_build_filename(directory, "out", NULL);
    g_autofree char *text = g_strdup_printf("#!/bin/sh\nD=%s\n%s\n", directory, script);

    cr_assert(g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
    bool answer = runtime_program_waits_killable(path, limit_ms);
    if (trace) {
        cr_assert(g_file_get_contents(out, trace, NULL, NULL));
    }
    g_unlink(out);
    g_unlink(path);
    g_rmdir(directory);
    return answer;
}

static bool says(const char *name, const char *word, const char *answer)
{
    g_autofree char *quoted = g_shell_quote(answer);
    g_autofree char *script = g_strdup_printf("[ \"$*\" = '%s' ] && printf %%s %s", word, quoted);

    return ask(name, script, LONG_MS, NULL);
}

static const struct {
    const char *answer;
    bool waits;
} versions[] = {
    {"crun version 1.6\ncommit: 18cf2efbb8feb2b2f20e316520e0fd0b6c41ef4d\n", true},
    {"crun version 1.8.1\ncommit: f8a096be060b22ccd3d5f3ebe44108517fbf6c30\n", true},
    {"crun version 1.14.4.0.0.0.5-abcd\n", true},
    {"crun version 2.0\n", true},
    {"crun version 1.5\n", false},
    {"crun version 1.5.0.0.0.12-396a\n", false},
    {"crun version 0.17\n", false},
    {"crun version UNKNOWN\n", false},
    {"crun version 1\n", false},
    {"crun version 1.\n", false},
    {"crun version  1.8\n", false},
    {"crun version -1.8\n", false},
    {"crun version 1.-8\n", false},
    {"runc version 1.8\n", false},
    {"a word\ncrun version 1.8.1\n", false},
    {"", false},
};

Test(runtime_program, crun_knows_the_flag_by_its_version)
{
    for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
        cr_assert_eq(says("crun", "--version", versions[i].answer), versions[i].waits, "%s",
                     versions[i].answer);
    }
    cr_assert(says("krun", "--version", versions[0].answer));
}

#define FEATURES(annotation, list)                                                        \
    "{\"linux\":{\"seccomp\":{\"enabled\":true," list "}},\"annotations\":{\"" annotation \
    "\":\"1.5.0\"}}\n"
#define RUNC "org.opencontainers.runc.version"

static const struct {
    const char *answer;
    bool waits;
} features[] = {
    {FEATURES(RUNC, "\"supportedFlags\":[\"SECCOMP_FILTER_FLAG_LOG\"," KILLABLE "]"), true},
    {FEATURES(RUNC, "\"supportedFlags\":[\"SECCOMP_FILTER_FLAG_LOG\"]"), false},
    {FEATURES(RUNC, "\"supportedFlags\":" KILLABLE), false},
    {FEATURES(RUNC, "\"supportedFlags\":{" KILLABLE ":1}"), false},
    {FEATURES(RUNC, "\"knownFlags\":[" KILLABLE "]"), false},
    {FEATURES(RUNC, "\"flags\":[]"), false},
    {FEATURES("org.example.version", "\"supportedFlags\":[" KILLABLE "]"), false},
    {FEATURES(RUNC, "\"supportedFlags\":[" KILLABLE "]") "{}", false},
    {"{\"linux\":{\"seccomp\":{\"supportedFlags\":[" KILLABLE "]}}}", false},
    {"{\"linux\":[],\"annotations\":{\"" RUNC "\":\"1.5.0\"}}", false},
    {"{\"linux\":{\"seccomp\":{\"supportedFlags\":[" KILLABLE, false},
    {"[" KILLABLE "]", false},
    {"runc version 1.5.0\n", false},
    {"", false},
};

Test(runtime_program, runc_says_which_flags_it_takes)
{
    for (size_t i = 0; i < G_N_ELEMENTS(features); i++) {
        cr_assert_eq(says("runc", "features", features[i].answer), features[i].waits, "%s",
                     features[i].answer);
    }
}

Test(runtime_program, no_other_program_is_started)
{
    g_autofree char *trace = NULL;

    cr_assert_not(ask("youki", ": >$D/out; echo crun version 1.8.1", LONG_MS, NULL));
    cr_assert_not(runtime_program_waits_killable("/nowhere/crun", LONG_MS));
    cr_assert(ask("crun", ": >$D/out; echo crun version 1.8.1", LONG_MS, &trace));
}

/* --- how it is asked --------------------------------------------------------------------------- */

Test(runtime_program, it_gets_nothing_of_the_callers)
{
    g_autofree char *trace = NULL;
    int file = open("/dev/zero", O_RDONLY); /* not close-on-exec */

    cr_assert(file >= 0);
    g_setenv("LD_PRELOAD_OF_A_GUEST", "x", TRUE);
    ask("crun",
        "{ tr '\\0' '\\n' </proc/$$/environ; pwd; readlink /proc/$$/fd/0 /proc/$$/fd/2; "
        "readlink /proc/$$/fd/* | grep -c /dev/zero; } >$D/out",
        LONG_MS, &trace);
    cr_assert_str_eq(trace, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n/\n"
                            "/dev/null\n/dev/null\n0\n");
    close(file);
}

static const char *const without_answer[] = {
    "echo crun version 1.8.1; exec sleep 1000",
    "echo crun version 1.8.1; sleep 3 & exec sleep 1000",
    "exec 2>&-; echo crun version 1.8.1; kill -STOP $$",
    "while :; do echo crun version 1.8.1; done",
    "printf 'crun version 1.8.1\\n\\0\\n'",
    "head -c 70000 /dev/zero | tr '\\0' x",
};

Test(runtime_program, one_that_does_not_end_is_ended)
{
    for (size_t i = 0; i < G_N_ELEMENTS(without_answer); i++) {
        gint64 start = g_get_monotonic_time();
        cr_assert_not(ask("crun", without_answer[i], SHORT_MS, NULL), "%s", without_answer[i]);
        cr_assert_lt(g_get_monotonic_time() - start, LONG_MS / 2 * G_TIME_SPAN_MILLISECOND);
        cr_assert(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "%s", without_answer[i]);
    }
}

Test(runtime_program, what_the_engine_does_with_children_stays)
{
    (void)signal(SIGCHLD, SIG_IGN);
    cr_assert(says("crun", "--version", "crun version 1.8.1\n"));
    cr_assert(signal(SIGCHLD, SIG_DFL) == SIG_IGN);
}

/* Since Linux 5.19, which all machines that run the tests have. */
Test(guest_filter, the_kernel_is_asked_for_the_flag)
{
    cr_assert(guest_filter_can_wait_killable());
}
