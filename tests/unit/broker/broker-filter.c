/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's system call filter, tried from inside: which calls end the process, and that rare acts of libraries do not. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/broker/life/broker-filter.h"
#include "tests/unit/support/filtered.h"

/* A sanitized build logs calls that are not on the list, and makes more calls at its end. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* How a broker that calls @what ends. */
static int outcome(void (*what)(void))
{
    return filtered(broker_filter_install, what);
}

/* --- what it may not do ----------------------------------------------------------------------- */

static void executes(void)
{
    execl("/bin/true", "true", NULL);
}

static void forks(void)
{
    (void)fork();
}

static void connects_to_the_network(void)
{
    socket(AF_INET, SOCK_STREAM, 0);
}

static void signals_gently(void)
{
    kill(getppid(), 0);
}

static void writes_to_a_process(void)
{
    ptrace(PTRACE_POKETEXT, 0, 0, 0);
}

static void attaches(void)
{
    ptrace(PTRACE_ATTACH, 0, 0, 0);
}

static void types_into_a_terminal(void)
{
    ioctl(STDERR_FILENO, TIOCSTI, "x");
}

/* The ioctl by which the broker once identified guests' files, and which a worker answered. */
static void asks_a_file_of_a_guest(void)
{
    ioctl(STDERR_FILENO, 0x6e76, 0);
}

static void makes_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static void enters_a_namespace(void)
{
    (void)unshare(CLONE_NEWNS);
}

Test(broker_filter, ends_whoever_leaves_the_list)
{
    static void (*const forbidden[])(void) = {
        executes,
        forks,
        connects_to_the_network,
        signals_gently,
        writes_to_a_process,
        attaches,
        types_into_a_terminal,
        asks_a_file_of_a_guest,
        makes_code,
        enters_a_namespace,
    };

    if (SANITIZED) {
        cr_skip_test("a sanitized build only logs");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(forbidden); i++) {
        cr_expect_eq(outcome(forbidden[i]), -SIGSYS, "number %zu", i);
    }
}

/* Calls of the dynamic loader for a rare character set; it works without them. */
static void maps_code(void)
{
    if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ||
        errno != EPERM) {
        _exit(EXIT_FAILURE);
    }
}

Test(broker_filter, refuses_to_map_code)
{
    cr_expect_eq(outcome(maps_code), ALIVE);
}

/* --- what it may ------------------------------------------------------------------------------ */

static gpointer thread_main(gpointer data)
{
    /* Memory of the thread's own arena, which grows and shrinks. */
    for (size_t size = 1; size < (1 << 24); size *= 2) {
        g_free(g_malloc0(size));
    }
    return data;
}

static void has_threads(void)
{
    GThread *threads[8];

    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        threads[i] = g_thread_new("thread", thread_main, NULL);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_thread_join(threads[i]);
    }
}

/* A message with the local time, in the user's language. */
static void warns(void)
{
    g_warning("a warning that a test has caused: %s", g_strerror(ENOTEMPTY));
}

static void warns_to_the_journal(void)
{
    setenv("JOURNAL_STREAM", "1:1", 1);
    g_log_set_writer_func(g_log_writer_journald, NULL, NULL);
    warns();
}

static void speaks_another_character_set(void)
{
    setenv("CHARSET", "ISO-8859-15", 1);
    (void)setlocale(LC_ALL, "");
    g_printerr("%s, %s\n", g_strerror(EDOM), g_strsignal(SIGWINCH));
}

static void reads_files(void)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents("/proc/self/status", &text, NULL, NULL) ||
        !g_file_test("/proc/self", G_FILE_TEST_EXISTS)) {
        _exit(EXIT_FAILURE);
    }
}

static void tells_the_time(void)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    g_autofree char *text = g_date_time_format(now, "%c %Z");
}

static gboolean quit(gpointer loop)
{
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

static void waits(void)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);

    g_timeout_add(1, quit, loop);
    g_main_loop_run(loop);
    g_usleep(1);
}

Test(broker_filter, lets_libraries_do_what_they_do)
{
    static void (*const allowed[])(void) = {
        has_threads,    warns, warns_to_the_journal, speaks_another_character_set, reads_files,
        tells_the_time, waits,
    };

    for (size_t i = 0; i < G_N_ELEMENTS(allowed); i++) {
        cr_expect_eq(outcome(allowed[i]), ALIVE, "number %zu", i);
    }
}

static void kills(void)
{
    kill(getpid(), SIGKILL);
}

static void asserts(void)
{
    g_assert(getpid() == 0);
}

static void corrupts_memory(void)
{
    void *volatile memory = malloc(5000);

    free(memory);
    free(memory); // NOLINT: the C library is to see it
}

static void returns(void)
{
    exit(ALIVE);
}

Test(broker_filter, lets_it_come_to_its_own_end)
{
    static const struct {
        void (*how)(void);
        int outcome;
    } ends[] = {
        {returns, ALIVE},
        {kills, -SIGKILL},
        {asserts, -SIGABRT},
        {corrupts_memory, -SIGABRT},
    };

    if (SANITIZED) {
        cr_skip_test("a sanitized build ends differently");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
        cr_expect_eq(outcome(ends[i].how), ends[i].outcome, "number %zu", i);
    }
}
