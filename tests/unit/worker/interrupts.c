/* SPDX-License-Identifier: Apache-2.0 */
/* Signals that end a waiting call of one thread, and of no other. */
#include <errno.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "cuse-server/worker/doors/interrupts.h"

static Interrupts *interrupts;
static int pipes[2];

static void setup(void)
{
    interrupts = interrupts_new();
    cr_assert_eq(pipe(pipes), 0);
}

TestSuite(interrupts, .init = setup, .timeout = 20);

/* A thread in a call. @raised_early: the signal arrives before the thread waits */
typedef struct {
    InterruptibleCall call;
    GMutex lock;
    GCond changed;
    bool begun;
    bool raised_early;
    int error;
} Caller;

static gpointer run(gpointer data)
{
    Caller *caller = data;
    char byte;

    interrupts_begin(interrupts, &caller->call);
    if (caller->raised_early) {
        interrupts_raise(&caller->call);
    }
    g_mutex_lock(&caller->lock);
    caller->begun = true;
    g_cond_signal(&caller->changed);
    g_mutex_unlock(&caller->lock);
    caller->error = read(pipes[0], &byte, 1) < 0 ? errno : 0;
    interrupts_end(&caller->call);
    return NULL;
}

static GThread *start(Caller *caller)
{
    GThread *thread = g_thread_new("caller", run, caller);

    g_mutex_lock(&caller->lock);
    while (!caller->begun) {
        g_cond_wait(&caller->changed, &caller->lock);
    }
    g_mutex_unlock(&caller->lock);
    return thread;
}

Test(interrupts, a_wait_ends)
{
    Caller caller = {0};
    GThread *thread = start(&caller);

    interrupts_raise(&caller.call);
    interrupts_raise(&caller.call);
    g_thread_join(thread);
    cr_assert_eq(caller.error, EINTR);
}

Test(interrupts, a_signal_before_the_wait_ends_it_too)
{
    for (int i = 0; i < 20; i++) {
        Caller caller = {.raised_early = true};
        g_thread_join(start(&caller));
        cr_assert_eq(caller.error, EINTR);
    }
}

Test(interrupts, others_go_on)
{
    Caller one = {0};
    Caller other = {0};
    GThread *first = start(&one);
    GThread *second = start(&other);

    interrupts_raise(&one.call);
    g_thread_join(first);
    cr_assert_eq(one.error, EINTR);
    cr_assert_eq(write(pipes[1], "x", 1), 1);
    g_thread_join(second);
    cr_assert_eq(other.error, 0);
}

Test(interrupts, a_thread_is_left_alone_after_its_call)
{
    InterruptibleCall call;
    char byte;

    interrupts_begin(interrupts, &call);
    interrupts_raise(&call);
    interrupts_end(&call);
    /* The repeater has had time for several signals. */
    cr_assert_eq(write(pipes[1], "x", 1), 1);
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(usleep(10000), 0);
    }
    cr_assert_eq(read(pipes[0], &byte, 1), 1);
}
