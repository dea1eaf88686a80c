/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page with an ioctl()'s parameters: the host gets the parameters that were checked, and no other page passes for such a
 * page.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "abi/uvm.h"
#include "cuse-server/broker/agents/thread/agent-params.h"
#include "tests/unit/broker/agents/agent-play.h"
#include "tests/unit/broker/agents/agent-scenes.h"

enum { MANY = 20000 }; /* mappings */

#define LOW_ADDRESS 0x10000000UL

/* --- other parameters in place of those that were checked --------------------------------------- */

static void *spoil(void *data)
{
    uint8_t copy[sizeof written];

    while (!spoiler->page) {
        usleep(1000);
    }
    volatile uint8_t *page = (uint8_t *)spoiler->page; // NOLINT(performance-no-int-to-ptr)
    if (spoiler->fate == PAGE_IS_WRITTEN_TO) {
        page[0]++;
    } else if (spoiler->fate == PAGE_IS_REPLACED) {
        memcpy(copy, (const void *)page, sizeof copy);
        if (mmap((void *)page, PAGE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
            memcpy((void *)page, copy, sizeof copy);
        } else if (!is_made_ahead || errno != EPERM) {
            _exit(4);
        }
    }
    spoiler->done = true;
    return data;
}

/* The filter asks the broker about this call, whatever the file is. */
static void call_with_spoiler(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, spoil, NULL);
    _exit(ioctl(GUEST_FD, UVM_INITIALIZE, NULL) == ENOTTY ? 0 : 1);
}

static Scene scene_with_page = call_with_spoiler;

int spoilt(PageFate fate)
{
    spoiler = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    spoiler->fate = fate;
    ioctl_error = 0;
    int how = play(scene_with_page);
    munmap(spoiler, PAGE);
    return how;
}

/* Here the host's file is in memory and has no ioctls. */
Test(agents, parameters_that_stay_the_same_reach_the_host)
{
    cr_assert(ended_well(spoilt(PAGE_STAYS)));
    cr_assert_eq(ioctl_error, ENOTTY);
    cr_assert_eq(counts[INCIDENT_OTHER_CODE], 0);
}

Test(agents, parameters_that_are_changed_while_the_call_waits_to_be_let_on_do_not)
{
    for (PageFate fate = PAGE_IS_WRITTEN_TO; fate <= PAGE_IS_REPLACED; fate++) {
        int how = spoilt(fate);
        cr_assert(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL, "fate %d: %x", fate, how);
        cr_assert_neq(ioctl_error, ENOTTY, "fate %d", fate);
        cr_assert_eq(counts[INCIDENT_OTHER_CODE], 1, "fate %d: reported", fate);
    }
}

/* At addresses below the agent's page. */
static void make_many_mappings(void)
{
    char *low = mmap((void *)LOW_ADDRESS, MANY * PAGE, // NOLINT(performance-no-int-to-ptr)
                     PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    for (size_t i = 0; low != MAP_FAILED && i < MANY; i += 2) {
        if (mprotect(low + i * PAGE, PAGE, PROT_READ) < 0) {
            _exit(5);
        }
    }
    call_with_spoiler();
}

Test(agents, who_sees_all_calls_reads_no_guests_list_of_mappings)
{
    scene_with_page = make_many_mappings;
    cr_assert(ended_well(spoilt(PAGE_STAYS)));
    cr_assert_eq(ioctl_error, ENOTTY);
    cr_expect_lt(notified_time, reading_time / 2);
}

/* --- what a page of ours is known by ---------------------------------------------------------- */

/* A System V segment gets the number that its maker asks for. Returns: -1 if this machine does not allow the request. */
static int make_segment(ino_t number)
{
    g_autofree char *text = g_strdup_printf("%lu", (unsigned long)number);
    int next = open("/proc/sys/kernel/shm_next_id", O_WRONLY);
    ssize_t length = next < 0 ? -1 : write(next, text, strlen(text));

    close(next);
    return length > 0 ? shmget(IPC_PRIVATE, PAGE, IPC_CREAT | S_IRUSR | S_IWUSR) : -1;
}

Test(agents, a_segment_with_the_number_of_a_page_of_ours_is_none)
{
    g_auto(AgentParams) params = {.fd = agent_page_new(), .size = 8};
    struct stat page;

    cr_assert_eq(fstat(params.fd, &page), 0);
    const int segment = make_segment(page.st_ino);
    void *at = segment < 0 ? MAP_FAILED : shmat(segment, NULL, 0);
    shmctl(segment, IPC_RMID, NULL);
    if ((ino_t)segment != page.st_ino || at == MAP_FAILED) {
        cr_skip_test("this machine does not let a segment's number be chosen");
    }
    cr_assert_not(agent_params_are_there(&params, getpid(), (uintptr_t)at));
    void *ours = mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, params.fd, 0);
    cr_assert_eq(ours, at);
    cr_assert(agent_params_are_there(&params, getpid(), (uintptr_t)at));
    cr_assert_not(agent_page_is_sealed(params.fd, getpid(), (uintptr_t)at, (uintptr_t)at + PAGE));
}
