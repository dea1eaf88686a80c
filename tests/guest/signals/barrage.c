/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Send signals of every kind into every kind of call, at random moments. Each call must end as it does undisturbed, and
 * leave the same parameters. Memory beside the parameters must not change, nor the parameters later, when the program uses
 * their place for something else; and no descriptor may stay open. A call may fail with EINTR only where barrage-calls.c
 * allows it, and must then have changed nothing.
 *
 * A child makes the calls, and its parent sends the signals; a tenth of them unless the environment has TEST_ALL.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/rm.h"
#include "tests/guest/signals/barrage-calls.h"

#define PAGE 4096UL

enum { SIGNALS = 10000, FEWER = 10, PLACES = 8, GUARD = 64, OWN = 0x5a };

/* Microseconds: from one signal to the next; for which a process is stopped; after which an answer is late. */
enum { SOONEST = 50, LATEST = 1500, A_MOMENT = 20000 };

/* The parameters of a call, with a guard before and behind them. */
typedef struct {
    unsigned char before[GUARD];
    _Alignas(16) unsigned char params[BARRAGE_PARAMS_MAX];
    unsigned char after[GUARD];
} Place;

/* A kind of signal. A process without a handler ignores it or stops. */
typedef struct {
    const char *name;
    int number;
    int flags;
    bool handled;
} Signal;

typedef struct {
    unsigned failed;
    unsigned wrong;
    unsigned late;
    unsigned interrupted;
    int64_t failure;
} Outcome;

enum { NO_SIGNAL = -1 };

/* Memory that both processes share. */
static struct {
    atomic_int signal;  /* index in signals[] of the signal to send */
    atomic_bool silent; /* no signal is on its way */
    atomic_uint sent;
    atomic_uint handled;
} * shared;

/* --- signals */

static Signal signals[] = {
    {"real-time", 0 /* SIGRTMIN is not a constant */, 0, true},
    {"alarm", SIGALRM, 0, true},
    {"alarm-restarting", SIGALRM, SA_RESTART, true},
    {"ignored", SIGCHLD, 0, false},
    {"stop", SIGSTOP, 0, false},
};

static void on_signal(int number)
{
    (void)number;
    atomic_fetch_add(&shared->handled, 1);
}

static bool everything(void)
{
    const char *value = getenv("TEST_ALL");

    return value && *value;
}

static unsigned quota(void)
{
    const unsigned all = everything() ? SIGNALS : SIGNALS / FEWER;

    return all / (unsigned)(barrage_calls_count * G_N_ELEMENTS(signals)) + 1;
}

static unsigned delivered(const Signal *kind)
{
    return atomic_load(kind->handled ? &shared->handled : &shared->sent);
}

static void begin(const Signal *kind)
{
    const struct sigaction action = {.sa_handler = kind->handled ? on_signal : SIG_IGN,
                                     .sa_flags = kind->flags};

    sigaction(kind->number, &action, NULL); /* a process cannot handle SIGSTOP */
    atomic_store(&shared->handled, 0);
    atomic_store(&shared->sent, 0);
    atomic_store(&shared->signal, (int)(kind - signals));
}

/* No signal of this kind may arrive later, when another kind is tested. */
static void end(void)
{
    atomic_store(&shared->silent, false);
    atomic_store(&shared->signal, NO_SIGNAL);
    while (!atomic_load(&shared->silent)) {
        usleep(SOONEST);
    }
}

static void pause_at_random(void)
{
    usleep((useconds_t)(SOONEST + random() % (LATEST - SOONEST)));
}

/* Returns: whether the child still runs. */
static bool send_one(pid_t child, const Signal *kind)
{
    int wait_status = 0;

    kill(child, kind->number);
    if (kind->number == SIGSTOP) {
        waitpid(child, &wait_status, WUNTRACED);
        if (!WIFSTOPPED(wait_status)) {
            return false;
        }
        pause_at_random();
        kill(child, SIGCONT);
    }
    atomic_fetch_add(&shared->sent, 1);
    return true;
}

/*
 * The moments are the same in every run, as far as possible. No more signals than the quota are sent: a call that starts again
 * after each signal, and takes longer than the pause between two of them, would not end before the signals do.
 */
static int send_signals(pid_t child)
{
    int wait_status = 0;

    srandom(1);
    while (waitpid(child, &wait_status, WNOHANG) == 0) {
        pause_at_random();
        const int kind = atomic_load(&shared->signal);
        if (kind == NO_SIGNAL) {
            atomic_store(&shared->silent, true);
        } else if (delivered(&signals[kind]) < quota() && !send_one(child, &signals[kind])) {
            return EXIT_FAILURE;
        }
    }
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : EXIT_FAILURE;
}

/* --- the two together */

static void take_back(Place *place)
{
    memset(place, OWN, sizeof *place);
}

static bool is_own(const Place *place)
{
    const unsigned char *bytes = (const unsigned char *)place;

    return bytes[0] == OWN && memcmp(bytes, bytes + 1, sizeof *place - 1) == 0;
}

static bool may_be_interrupted(const BarrageCall *call, const Signal *kind)
{
    return (call->waits && kind->number != SIGCHLD) ||
           (call->late && kind->handled && !(kind->flags & SA_RESTART));
}

static void one_call(const BarrageCall *call, const Signal *kind, Place *place, const Place *answer,
                     Outcome *outcome)
{
    outcome->late += !is_own(place);
    call->prepare(place->params);
    const Place given = *place;
    const int64_t result = call->issue(place->params);
    outcome->failed += !call->undo(place->params);
    if (result == -EINTR && may_be_interrupted(call, kind)) {
        outcome->interrupted++;
        outcome->wrong += memcmp(place, &given, sizeof given) != 0;
    } else if (result != NV_OK) {
        outcome->failed++;
        outcome->failure = result;
    } else {
        call->hide(place->params);
        outcome->wrong += memcmp(place, answer, sizeof *answer) != 0;
    }
    take_back(place);
}

static unsigned descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    unsigned n = 0;

    while (directory && readdir(directory)) {
        n++;
    }
    if (directory) {
        closedir(directory);
    }
    return n;
}

static void bombard(const BarrageCall *call, const Signal *kind, const Place *answer)
{
    const unsigned before = descriptors();
    Outcome outcome = {0};
    Place places[PLACES];
    unsigned n;

    for (unsigned i = 0; i < PLACES; i++) {
        take_back(&places[i]);
    }
    begin(kind);
    for (n = 0; delivered(kind) < quota(); n++) {
        one_call(call, kind, &places[n % PLACES], answer, &outcome);
    }
    end();
    usleep(A_MOMENT);
    for (unsigned i = 0; i < PLACES; i++) {
        outcome.late += !is_own(&places[i]);
    }
    say("%s: %u failed%s%s, %u wrong, %u written to afterwards, %d descriptors left", kind->name,
        outcome.failed, outcome.failure ? " with " : "",
        outcome.failure ? status(outcome.failure) : "", outcome.wrong, outcome.late,
        (int)(descriptors() - before));
    (void)fprintf(stderr, "%s, %s: %u calls, %u of them ended by a signal\n", call->name,
                  kind->name, n, outcome.interrupted);
}

static void bombard_with_all(const BarrageCall *call)
{
    Place answer;
    int64_t result;

    section(call->name);
    take_back(&answer);
    call->prepare(answer.params);
    result = call->issue(answer.params);
    say("undisturbed: %s, %s", status(result), call->undo(answer.params) ? "undone" : "not undone");
    call->hide(answer.params);
    for (size_t i = 0; i < G_N_ELEMENTS(signals); i++) {
        bombard(call, &signals[i], &answer);
    }
}

static int make_calls(void)
{
    const Tree *tree = barrage_setup();

    for (size_t i = 0; i < barrage_calls_count; i++) {
        bombard_with_all(&barrage_calls[i]);
    }
    section("afterwards");
    say("call: %s", status(rm_ask(tree->ctl, tree->client)));
    return EXIT_SUCCESS;
}

int main(void)
{
    pid_t child;

    signals[0].number = SIGRTMIN;
    shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        perror("mmap");
        return EXIT_FAILURE;
    }
    atomic_store(&shared->signal, NO_SIGNAL);
    child = fork();
    if (child < 0) {
        perror("fork");
        return EXIT_FAILURE;
    }
    return child == 0 ? make_calls() : send_signals(child);
}
