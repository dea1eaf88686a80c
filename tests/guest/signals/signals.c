/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Send signals to threads in the driver: they end the wait of that thread and of no other, do not disturb a call that does not
 * wait, and can kill a process that waits.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/guest/rm.h"

enum { LONG_MS = 60000, SHORT_MS = 1500, SOON_MS = 10000, QUICK_CALLS = 400, WAITS = 40 };

/* A thread that waits in the driver. */
typedef struct {
    const Tree *tree;
    unsigned milliseconds;
    int64_t result;
    atomic_bool over;
    pthread_t thread;
} Waiter;

static atomic_uint handled;

static void on_signal(int number)
{
    (void)number;
    atomic_fetch_add(&handled, 1);
}

static void handle(int number, int flags)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};

    sigaction(number, &action, NULL);
}

static unsigned now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (unsigned)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

static int64_t wait_in_driver(const Tree *t, unsigned milliseconds)
{
    MODEL_CTRL_WAIT_PARAMS params = {.milliseconds = milliseconds};

    return rm_control(t->ctl, t->client, H_BINAPI, MODEL_CTRL_CMD_WAIT, &params, sizeof params);
}

static void *run_waiter(void *data)
{
    Waiter *waiter = data;

    waiter->result = wait_in_driver(waiter->tree, waiter->milliseconds);
    atomic_store(&waiter->over, true);
    return NULL;
}

static void start(Waiter *waiter)
{
    pthread_create(&waiter->thread, NULL, run_waiter, waiter);
}

/* The first signal may arrive before the call, and then ends nothing, also natively; so there are more. */
static void interrupt(Waiter *waiter)
{
    while (!atomic_load(&waiter->over)) {
        pthread_kill(waiter->thread, SIGUSR2);
        usleep(20000);
    }
    pthread_join(waiter->thread, NULL);
}

static int64_t quick_call(const Tree *t)
{
    Params params = control_params(NV0000_CTRL_CMD_GPU_GET_PROBED_IDS);
    int64_t result = rm_control(t->ctl, t->client, t->client, NV0000_CTRL_CMD_GPU_GET_PROBED_IDS,
                                params.data, params.size);

    params_free(&params);
    return result;
}

static void ended(const Tree *t)
{
    Waiter waiter = {.tree = t, .milliseconds = LONG_MS};
    unsigned begin = now_ms();

    start(&waiter);
    usleep(300000);
    say("meanwhile: %s", status(quick_call(t)));
    interrupt(&waiter);
    say("wait: %s, %s", status(waiter.result), now_ms() - begin < SOON_MS ? "soon" : "late");
}

static void only_the_one(const Tree *t)
{
    Waiter one = {.tree = t, .milliseconds = LONG_MS};
    Waiter other = {.tree = t, .milliseconds = SHORT_MS};

    start(&other);
    start(&one);
    usleep(300000);
    interrupt(&one);
    pthread_join(other.thread, NULL);
    say("one: %s", status(one.result));
    say("other: %s", status(other.result));
}

/* The kernel calls the driver again after the handler. */
static void restarted(const Tree *t)
{
    Waiter waiter = {.tree = t, .milliseconds = SHORT_MS};

    handle(SIGUSR2, SA_RESTART);
    start(&waiter);
    usleep(300000);
    pthread_kill(waiter.thread, SIGUSR2);
    pthread_join(waiter.thread, NULL);
    say("wait: %s", status(waiter.result));
    handle(SIGUSR2, 0);
}

/* Send signals at every moment of a call, beginning before it. */
static void at_any_moment(const Tree *t)
{
    unsigned soon = 0;

    for (unsigned i = 0; i < WAITS; i++) {
        Waiter waiter = {.tree = t, .milliseconds = LONG_MS};
        unsigned begin = now_ms();
        start(&waiter);
        usleep(i * 100);
        interrupt(&waiter);
        soon += waiter.result == -EINTR && now_ms() - begin < SOON_MS;
    }
    say("waits ended: %u", soon);
}

/* Signals of a timer, as profilers use them. */
static void quick_calls(const Tree *t)
{
    const struct itimerval often = {{0, 5000}, {0, 5000}};
    const struct itimerval never = {{0, 0}, {0, 0}};
    unsigned good = 0;
    unsigned before;

    handle(SIGALRM, 0);
    before = atomic_load(&handled);
    setitimer(ITIMER_REAL, &often, NULL);
    for (unsigned i = 0; i < QUICK_CALLS || atomic_load(&handled) - before < 10; i++) {
        good += quick_call(t) == NV_OK && i < QUICK_CALLS;
    }
    setitimer(ITIMER_REAL, &never, NULL);
    say("undisturbed: %u", good);
}

static void killed(const Tree *t, int number)
{
    unsigned begin;
    int wait_status = 0;
    pid_t child;

    (void)fflush(stdout);
    child = fork();
    if (child == 0) {
        (void)signal(number, SIG_DFL);
        wait_in_driver(t, LONG_MS);
        _exit(EXIT_FAILURE);
    }
    usleep(300000);
    begin = now_ms();
    kill(child, number);
    waitpid(child, &wait_status, 0);
    say("%s: %s, %s", sigabbrev_np(number),
        WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == number ? "dead" : "alive",
        now_ms() - begin < SOON_MS ? "soon" : "late");
}

int main(void)
{
    Tree t = tree();

    handle(SIGUSR2, 0);
    section("ended");
    ended(&t);
    section("only-the-one");
    only_the_one(&t);
    section("restarted");
    restarted(&t);
    section("at-any-moment");
    at_any_moment(&t);
    section("quick-calls");
    quick_calls(&t);
    section("killed");
    killed(&t, SIGINT);
    killed(&t, SIGTERM);
    killed(&t, SIGKILL);
    section("afterwards");
    say("call: %s", status(quick_call(&t)));
    tree_close(&t);
    return 0;
}
