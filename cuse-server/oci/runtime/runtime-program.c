/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/runtime/runtime-program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>

#include "cuse-server/base/json/json-text.h"
#include "cuse-server/oci/hooks/hook-environment.h"
#include "cuse-server/oci/runtime/runtime-args.h"
#include "cuse-server/oci/seccomp/oci-seccomp.h"

enum { ANSWER_MAX = 64 * 1024 }; /* runc's features: 5 KiB */

/* --- asking ----------------------------------------------------------------------------------- */

/* Read to the end of the file. Returns NULL if the end does not come by @end, a monotonic time, or if the answer is
 * too long or is not text. */
static char *read_answer(int output, gint64 end)
{
    g_autofree char *text = g_malloc(ANSWER_MAX + 1);
    struct pollfd ready = {.fd = output, .events = POLLIN};
    size_t length = 0;
    gint64 left;

    while (length < ANSWER_MAX && (left = end - g_get_monotonic_time()) > 0) {
        if (poll(&ready, 1, (int)(left / 1000) + 1) <= 0) {
            continue;
        }
        ssize_t n = read(output, text + length, ANSWER_MAX - length);
        if (n == 0) {
            text[length] = '\0';
            return strlen(text) == length ? g_steal_pointer(&text) : NULL;
        }
        length += (size_t)MAX(n, 0);
    }
    return NULL;
}

/* End a child, whatever its state, and reap it. */
static void end_child(GPid pid)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
}

/* Run the program with one argument. Returns what it writes to its standard output, or NULL. Its standard input and
 * error are /dev/null. */
static char *ask(const char *path, const char *word, int limit_ms)
{
    const gint64 end = g_get_monotonic_time() + (gint64)limit_ms * G_TIME_SPAN_MILLISECOND;
    char *words[] = {(char *)path, (char *)word, NULL};
    char *environment[] = {(char *)"PATH=" HOOK_PATH, NULL};
    /* Set the default action. If the engine has SIGCHLD ignored, the kernel reaps a child as soon as it has ended,
     * and its pid may then belong to another process. */
    void (*before)(int) = signal(SIGCHLD, SIG_DFL);
    char *answer = NULL;
    int output;
    GPid pid;

    if (g_spawn_async_with_pipes("/", words, environment,
                                 G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                                 &pid, NULL, &output, NULL, NULL)) {
        answer = read_answer(output, end);
        close(output);
        end_child(pid);
    }
    (void)signal(SIGCHLD, before);
    return answer;
}

/* --- understanding ---------------------------------------------------------------------------- */

/* Decide by crun's version. Its features do not list the flags (as of 1.29), and it refuses a flag that it does not
 * know. */
static bool crun_waits(const char *version)
{
    static const char start[] = "crun version ";
    char *rest;

    if (!g_str_has_prefix(version, start) || !g_ascii_isdigit(version[sizeof start - 1])) {
        return false;
    }
    guint64 major = g_ascii_strtoull(version + sizeof start - 1, &rest, 10);
    if (*rest != '.' || !g_ascii_isdigit(rest[1])) {
        return false;
    }
    guint64 minor = g_ascii_strtoull(rest + 1, NULL, 10);
    return major > 1 || (major == 1 && minor >= 6);
}

/* Decide by runc's supported flags, not by its known ones: of those it refuses the flags that libseccomp or the
 * kernel do not know. Other runtimes have the same document. But their default flags may differ from the default that
 * add_wait_killable() (oci/seccomp/oci-seccomp.c) adds, so only runc's document counts. */
static bool runc_waits(const char *document)
{
    g_autoptr(JsonValue) features = json_text_parse(document, -1, NULL);
    JsonValue *annotations = json_member_object(features, "annotations");
    JsonValue *seccomp = json_member_object(json_member_object(features, "linux"), "seccomp");

    return json_member_string(annotations, "org.opencontainers.runc.version") &&
           json_has_string(json_member_array(seccomp, "supportedFlags"), OCI_SECCOMP_WAIT_KILLABLE);
}

static const struct {
    RuntimeSyntax syntax;
    const char *word;
    bool (*says_yes)(const char *answer);
} questions[] = {
    {RUNTIME_SYNTAX_GO, "features", runc_waits},
    {RUNTIME_SYNTAX_ARGP, "--version", crun_waits},
};

bool runtime_program_waits_killable(const char *path, int limit_ms)
{
    const RuntimeSyntax syntax = runtime_syntax_of(path);

    for (size_t i = 0; i < G_N_ELEMENTS(questions); i++) {
        if (questions[i].syntax == syntax) {
            g_autofree char *answer = ask(path, questions[i].word, limit_ms);
            return answer && questions[i].says_yes(answer);
        }
    }
    return false;
}
