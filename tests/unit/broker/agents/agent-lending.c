/* SPDX-License-Identifier: Apache-2.0 */
/* Lending a guest's memory to the worker: the broker takes it back before the process executes another program or ends. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/unit/broker/agents/agent-play.h"
#include "tests/unit/broker/agents/agent-scenes.h"

/* At the second mapping the process has an agent, so that its memory can be lent. */
static void map_to_be_lent(void)
{
    if (map() == MAP_FAILED) {
        _exit(1);
    }
    usleep(300000);
    if (map() == MAP_FAILED) {
        _exit(1);
    }
}

/* The process that lent its memory must still exist, and must not have become @program yet. */
void assert_taken_back_before(const char *program)
{
    cr_assert_neq(lending.number, 0);
    cr_assert_eq(lending.taken_back, lending.number);
    cr_assert_str_neq(lending.command, program);
    cr_assert_str_neq(lending.command, "", "it was there still");
}

void map_and_execute(void)
{
    map_to_be_lent();
    execl("/bin/true", "true", NULL);
    _exit(2);
}

Test(agents, what_was_lent_is_taken_back_before_another_program_is_there)
{
    cr_assert(ended_well(play(map_and_execute)));
    assert_taken_back_before("true");
}

static void *execute(void *data)
{
    execl("/bin/true", "true", NULL);
    return data;
}

void map_and_execute_in_thread(void)
{
    pthread_t thread;

    map_to_be_lent();
    usleep(450000);
    pthread_create(&thread, NULL, execute, NULL);
    pause();
}

Test(agents, also_if_a_thread_executes_it_and_the_agent_rests)
{
    cr_assert(ended_well(play(map_and_execute_in_thread)));
    assert_taken_back_before("true");
}

static int share_memory(void *data)
{
    (void)data;
    usleep(300000);
    return 0;
}

/* The child shares the lent memory and outlives the parent's use of it. */
void leave_memory_to_another(void)
{
    static char stack[64 * 1024] __attribute__((aligned(16)));

    map_to_be_lent();
    if (clone(share_memory, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL) < 0) {
        _exit(2);
    }
    execl("/bin/true", "true", NULL);
    _exit(3);
}

Test(agents, also_if_another_process_keeps_the_memory)
{
    cr_assert(ended_well(play(leave_memory_to_another)));
    assert_taken_back_before("true");
}

void map_once_and_end(void)
{
    map_to_be_lent();
    _exit(0);
}

Test(agents, and_when_the_process_ends)
{
    cr_assert(ended_well(play(map_once_and_end)));
    cr_assert_neq(lending.number, 0);
    cr_assert_eq(lending.taken_back, lending.number);
    cr_assert_str_neq(lending.command, "", "its number was still taken");
}
