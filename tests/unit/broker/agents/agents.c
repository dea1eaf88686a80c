/* SPDX-License-Identifier: Apache-2.0 */
/* Agents that map files in a guest, with and without threads, and how long a guest has one. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/unit/broker/agents/agent-play.h"
#include "tests/unit/broker/agents/agent-scenes.h"

/* --- scenes ----------------------------------------------------------------------------------- */

void map_twice(void)
{
    volatile unsigned *one = map();
    volatile unsigned *other = map();

    if (one == MAP_FAILED || other == MAP_FAILED || one == other) {
        _exit(1);
    }
    one[3] = 77;
    _exit(other[3] == 77 ? 0 : 2);
}

Test(agents, the_first_mapping_of_a_process_and_the_next_show_the_hosts_file)
{
    cr_assert(ended_well(play(map_twice)));
}

static void map_as_a_stranger(void)
{
    _exit(map() == MAP_FAILED && errno == ESRCH ? 0 : 1);
}

Test(agents, no_process_is_traced_that_is_no_guest)
{
    strangers = true;
    cr_assert(ended_well(play(map_as_a_stranger)));
}

void map_after_a_while(void)
{
    for (int i = 0; i < 3; i++) {
        if (map() == MAP_FAILED) {
            _exit(1);
        }
        usleep(450000);
    }
}

Test(agents, one_that_rests_is_woken)
{
    cr_assert(ended_well(play(map_after_a_while)));
}

enum { THREADS = 4 };

static void *map_often(void *data)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        volatile unsigned *mapped = map();
        if (mapped == MAP_FAILED || munmap((void *)mapped, SIZE) != 0) {
            return (void *)"failed";
        }
    }
    return data;
}

void *map_forever(void *data)
{
    while (!map_often(NULL)) {
    }
    return data;
}

void map_in_threads(void)
{
    pthread_t threads[THREADS];

    for (unsigned i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, map_often, NULL);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        void *trouble;
        pthread_join(threads[i], &trouble);
        if (trouble) {
            _exit(1);
        }
    }
}

Test(agents, threads_share_one)
{
    cr_assert(ended_well(play(map_in_threads)));
}

void map_beyond(void)
{
    void *mapped =
        mmap(NULL, SIZE, PROT_READ, MAP_SHARED, GUEST_FD, (off_t)1 << 40); /* as the host allows */

    if (mapped == MAP_FAILED ||
        mmap((void *)1, SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, GUEST_FD, 0) != MAP_FAILED ||
        errno != EINVAL) {
        _exit(1);
    }
}

Test(agents, the_kernels_errors_are_the_guests)
{
    cr_assert(ended_well(play(map_beyond)));
}

void be_killed(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, map_often, NULL);
    map_often(NULL);
    (void)raise(SIGKILL);
}

Test(agents, nothing_waits_for_a_guest_that_is_killed)
{
    int how = play(be_killed);

    cr_assert(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
}

/* --- what it is kept for ----------------------------------------------------------------------- */

unsigned count_threads(void)
{
    g_autoptr(GDir) tasks = g_dir_open("/proc/self/task", 0, NULL);
    unsigned n = 0;

    while (g_dir_read_name(tasks)) {
        n++;
    }
    return n;
}

static void open_something(void)
{
    int fd = open("/dev/null", O_RDWR);
    const unsigned threads = count_threads();

    if (fd < 0 || threads != 2) {
        _exit(1);
    }
    close(open("/dev/null", O_RDWR));
    _exit(count_threads() == 2 ? 0 : 2);
}

Test(agents, a_process_has_one_from_its_first_open_on)
{
    cr_assert(ended_well(play(open_something)));
}

static void open_under_more_filters(void)
{
    close(open("/dev/null", O_RDWR));
    _exit(count_threads() == 1 ? 0 : 1);
}

Test(agents, one_that_has_more_filters_than_its_container_has_none_ahead)
{
    is_container_without_filters = true;
    cr_assert(ended_well(play(open_under_more_filters)));
}

void be_alone(void)
{
    if (map() == MAP_FAILED || count_threads() != 2) {
        _exit(1);
    }
    /* The error shows whether the process has one thread: EPERM means only that unshare() is not allowed. */
    if (unshare(CLONE_NEWUSER) < 0 && errno != EPERM) {
        _exit(2);
    }
    if (count_threads() != 1) {
        _exit(3);
    }
    _exit(map() == MAP_FAILED ? 4 : 0);
}

Test(agents, a_process_that_is_to_be_alone_is)
{
    cr_assert(ended_well(play(be_alone)));
}

void rest_and_be_alone(void)
{
    if (map() == MAP_FAILED) {
        _exit(5);
    }
    usleep(450000);
    be_alone();
}

Test(agents, also_if_its_agent_rests)
{
    cr_assert(ended_well(play(rest_and_be_alone)));
}

/* --- resting, again and again ------------------------------------------------------------------ */

enum {
    LOOKS_FOR_REST = 1000,
    LOOK_MICROSECONDS = 10 * 1000,
};

/* The number of the system call of the only other thread. Returns: -2 if there is no other thread. */
static long call_of_agent(void)
{
    g_autoptr(GDir) tasks = g_dir_open("/proc/self/task", 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(tasks))) {
        g_autofree char *path = g_strdup_printf("/proc/self/task/%s/syscall", name);
        g_autofree char *text = NULL;
        if (g_ascii_strtoll(name, NULL, 10) != gettid() &&
            g_file_get_contents(path, &text, NULL, NULL)) {
            return (long)g_ascii_strtoll(text, NULL, 10);
        }
    }
    return -2;
}

/* Whether an agent that has just worked comes to rest within some seconds. */
static bool comes_to_rest(void)
{
    for (unsigned look = 0; look < LOOKS_FOR_REST; look++) {
        if (call_of_agent() == SYS_read) {
            return true;
        }
        usleep(LOOK_MICROSECONDS);
    }
    return false;
}

void rest_twice(void)
{
    for (int time = 1; time <= 2; time++) {
        if (map() == MAP_FAILED || !comes_to_rest()) {
            _exit(time);
        }
    }
}

Test(agents, one_that_was_woken_rests_again)
{
    cr_assert(ended_well(play(rest_twice)));
}
