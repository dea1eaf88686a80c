/* SPDX-License-Identifier: Apache-2.0 */
/* Waits of an agent that are interrupted, by signals and by filters. */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/unit/broker/agents/agent-play.h"
#include "tests/unit/broker/agents/agent-scenes.h"

/* --- stopped and let on, again and again --------------------------------------------------------- */

/* An agent that works with stops gives up a wait that was interrupted a thousand times in a row (tracee_is_to_repeat()). */
enum { STORM_SECONDS = 2, STORM_STEP_US = 300, STORM_STEP_WITH_STOPS_US = 2000 };

static G_NORETURN void stop_and_go(pid_t process)
{
    const useconds_t step = is_made_ahead ? STORM_STEP_US : STORM_STEP_WITH_STOPS_US;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        kill(process, SIGSTOP);
        usleep(step);
        kill(process, SIGCONT);
        usleep(2 * step);
    }
}

/* Whether the returned address is mapped and shows the host's file. */
static bool is_mapped(volatile unsigned *at)
{
    static unsigned counter;

    at[0] = ++counter;
    return at[0] == counter && munmap((void *)at, SIZE) == 0;
}

static void map_in_storm(void)
{
    const pid_t self = getpid();
    const pid_t storm = fork();
    const gint64 end = g_get_monotonic_time() + STORM_SECONDS * G_TIME_SPAN_SECOND;

    if (storm == 0) {
        stop_and_go(self);
    }
    while (g_get_monotonic_time() < end) {
        volatile unsigned *mapped = map();
        if (mapped == MAP_FAILED && errno != EINTR) {
            _exit(errno);
        } else if (mapped != MAP_FAILED && (!mapped || !is_mapped(mapped))) {
            _exit(255);
        }
    }
    kill(storm, SIGKILL);
    kill(self, SIGCONT);
}

Test(agents, one_that_is_interrupted_does_what_it_was_asked, .timeout = 60)
{
    is_interruptible = true;
    for (int ahead = 0; ahead <= (kernel_seals() ? 1 : 0); ahead++) {
        is_made_ahead = ahead;
        const int how = play(map_in_storm);
        cr_expect(ended_well(how), "ahead %d: %x", ahead, how);
        cr_expect_eq(counts[INCIDENT_OTHER_CODE], 0, "ahead %d", ahead);
    }
}

/* --- an order for which there could be no file --------------------------------------------------- */

enum { FEW_FILES = 2 };

/* How often the host's file is mapped. @maps: the open list of mappings */
static unsigned count_host_mappings(int maps)
{
    static char text[64 * 1024];
    size_t length = 0;
    ssize_t n;
    unsigned found = 0;

    (void)lseek(maps, 0, SEEK_SET);
    while ((n = read(maps, text + length, sizeof text - 1 - length)) > 0) {
        length += (size_t)n;
    }
    text[length] = '\0';
    for (const char *at = text; (at = strstr(at, "memfd:host")); at++) {
        found++;
    }
    return found;
}

/* Interrupt the wait that brings the order; when it begins again, a filter ends it. */
static void have_wait_ended_by_filter(void)
{
    const pid_t self = getpid();
    const pid_t child = fork();

    if (child == 0) {
        kill(self, SIGSTOP);
        usleep(50000);
        kill(self, SIGCONT);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    usleep(100000);
}

static void be_refused_a_mapping(void)
{
    const struct rlimit few = {FEW_FILES, FEW_FILES};
    const int maps = open("/proc/self/maps", O_RDONLY);

    if (map() == MAP_FAILED || setrlimit(RLIMIT_NOFILE, &few) != 0 || map() != MAP_FAILED ||
        errno != EMFILE || count_host_mappings(maps) != 1) {
        _exit(1);
    }
    install_lie();
    have_wait_ended_by_filter();
    _exit(count_host_mappings(maps) == 1 ? 0 : 2);
}

Test(agents, an_order_for_which_there_was_no_file_is_not_carried_out_later, .timeout = 60)
{
    skip_unless_sealed();
    is_interruptible = true;
    lie = SECCOMP_RET_TRAP;
    const int how = play(be_refused_a_mapping);
    cr_expect(ended_well(how), "%x", how);
}
