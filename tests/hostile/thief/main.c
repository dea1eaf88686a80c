/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thief: processes with threads that act at random, and are killed.
 *
 *     quota-thief SEED PROCESSES THREADS ROUNDS PHASES [uncertain|trace]
 *
 * In each phase, this process and its children act at once, ROUNDS times in each thread; some children are killed meanwhile. Then
 * it writes "held" and waits for a line of input: everything is quiet, and all processes hold what they have. Then it ends the
 * children, some by a signal, writes "ended", and waits again. At the end it closes everything, writes "empty" and waits. With
 * "uncertain" it also does what nvcuse charges more for than the driver takes. With "trace" it prints each act: to find the one after
 * which two sums differ, let one thread without children do one act in each phase.
 *
 *     quota-thief hold DONE GO
 *
 * is what some of the children execute: it holds the files that it has, until the pipe GO ends.
 *
 *     quota-thief share
 *
 * is honest: it prints what it sees of GPU 0's memory, allocates all that it gets, frees 2 MiB, and prints what it sees.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/hostile/thief/thief.h"

enum { PROCESSES_MAX = 16, THREADS_MAX = 16, KILLED = 2, MOMENT_US = 300000 };

typedef struct {
    Shared *shared;
    uint64_t seed;
    unsigned processes, threads, rounds, phases;
} Plan;

typedef struct {
    int done[2], go[2];
} Pipes;

/* --- in each process */

static Plan plan;
static Hand hands[THREADS_MAX];

static void *act(void *data)
{
    for (unsigned i = 0; i < plan.rounds; i++) {
        hand_act(data);
    }
    return NULL;
}

static void act_all(void)
{
    pthread_t threads[THREADS_MAX];

    for (unsigned i = 0; i < plan.threads; i++) {
        pthread_create(&threads[i], NULL, act, &hands[i]);
    }
    for (unsigned i = 0; i < plan.threads; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* A child begins with nothing but the files that its parent exported to, which it can import from. */
static void begin(uint64_t seed)
{
    for (unsigned i = 0; i < plan.threads; i++) {
        Hand parent = hands[i];
        hand_init(&hands[i], plan.shared, seed * THREADS_MAX + i);
        memcpy(hands[i].files, parent.files, sizeof parent.files);
        hand_open(&hands[i]);
    }
}

static void wait_for_end(const Pipes *pipes)
{
    char byte = 0;

    close(pipes->go[1]);
    if (write(pipes->done[1], &byte, 1) != 1 || read(pipes->go[0], &byte, 1) != 0) {
        _exit(1);
    }
}

static _Noreturn void be_child(const Pipes *pipes, uint64_t seed)
{
    char done[16], go[16];

    begin(seed);
    act_all();
    if (seed % 3 == 0) {
        g_snprintf(done, sizeof done, "%d", pipes->done[1]);
        g_snprintf(go, sizeof go, "%d", pipes->go[0]);
        close(pipes->go[1]);
        execl("/proc/self/exe", "quota-thief", "hold", done, go, NULL);
    }
    wait_for_end(pipes);
    if (seed % 3 == 1) {
        for (unsigned i = 0; i < plan.threads; i++) {
            hand_close(&hands[i]);
        }
    }
    _exit(0);
}

/* Act until killed. */
static _Noreturn void be_killed(uint64_t seed)
{
    begin(seed);
    for (;;) {
        act_all();
    }
}

/* --- phases */

static pid_t start(const Pipes *pipes, uint64_t seed, bool killed)
{
    const pid_t child = fork();

    if (child != 0) {
        return child;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (killed) {
        be_killed(seed);
    }
    be_child(pipes, seed);
}

/* nvcuse notes what it has counted with each call, and looks with the next one whether the driver has let go of closed files. */
static void call_once(void)
{
    for (int i = 0; i < 2; i++) {
        const int ctl = open("/dev/nvidiactl", O_RDWR | O_CLOEXEC);
        NvHandle client;
        rm_client(ctl, &client);
        close(ctl);
    }
}

static void say_and_wait(const char *what, unsigned phase)
{
    char line[16];

    call_once();
    say("%s %u", what, phase);
    if (!fgets(line, sizeof line, stdin)) {
        exit(EXIT_FAILURE);
    }
}

static void kill_one(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* The children that are killed meanwhile live longer or shorter. */
static void kill_some(const pid_t *children, unsigned n, Hand *hand)
{
    for (unsigned i = 0; i < n; i++) {
        usleep(chance(hand, MOMENT_US));
        kill_one(children[i]);
    }
}

static void await(const Pipes *pipes)
{
    char byte;

    for (unsigned i = 0; i < plan.processes; i++) {
        if (read(pipes->done[0], &byte, 1) != 1) {
            exit(EXIT_FAILURE);
        }
    }
}

static void run_phase(unsigned phase)
{
    pid_t children[PROCESSES_MAX], killed[KILLED];
    const uint64_t seed = (plan.seed * 1000 + phase) * (PROCESSES_MAX + KILLED);
    const unsigned n_killed = plan.processes ? KILLED : 0;
    Pipes pipes;

    if (pipe(pipes.done) != 0 || pipe(pipes.go) != 0) {
        exit(EXIT_FAILURE);
    }
    for (unsigned i = 0; i < n_killed; i++) {
        killed[i] = start(&pipes, seed + PROCESSES_MAX + i, true);
    }
    for (unsigned i = 0; i < plan.processes; i++) {
        children[i] = start(&pipes, seed + i, false);
    }
    act_all();
    kill_some(killed, n_killed, &hands[0]);
    await(&pipes);
    say_and_wait("held", phase);
    for (unsigned i = 0; i < plan.processes; i += 2) {
        kill_one(children[i]);
    }
    close(pipes.go[1]);
    for (unsigned i = 1; i < plan.processes; i += 2) {
        waitpid(children[i], NULL, 0);
    }
    close(pipes.go[0]);
    close(pipes.done[0]);
    close(pipes.done[1]);
    say_and_wait("ended", phase);
}

static int steal(const char *how)
{
    plan.shared =
        mmap(NULL, sizeof *plan.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    plan.shared->uncertain = strcmp(how, "uncertain") == 0;
    plan.shared->trace = strcmp(how, "trace") == 0;
    abi(); /* before there are threads */
    for (unsigned i = 0; i < plan.threads; i++) {
        hand_init(&hands[i], plan.shared, plan.seed * THREADS_MAX + i);
        hand_open(&hands[i]);
    }
    for (unsigned phase = 0; phase < plan.phases; phase++) {
        run_phase(phase);
    }
    for (unsigned i = 0; i < plan.threads; i++) {
        hand_close(&hands[i]);
    }
    say_and_wait("empty", plan.phases);
    report(plan.shared);
    return 0;
}

static unsigned number(const char *text)
{
    return (unsigned)strtoul(text, NULL, 10);
}

static int hold_files(const char *done, const char *go)
{
    const Pipes pipes = {.done = {-1, (int)number(done)}, .go = {(int)number(go), -1}};

    wait_for_end(&pipes);
    return 0;
}

int main(int argc, char **argv)
{
    setlinebuf(stdout);
    if (argc == 4 && strcmp(argv[1], "hold") == 0) {
        return hold_files(argv[2], argv[3]);
    }
    if (argc == 2 && strcmp(argv[1], "share") == 0) {
        show_share();
        return 0;
    }
    if (argc < 6) {
        fprintf(stderr,
                "usage: quota-thief SEED PROCESSES THREADS ROUNDS PHASES [uncertain|trace] | "
                "quota-thief share\n");
        return 2;
    }
    plan = (Plan){.seed = strtoull(argv[1], NULL, 10),
                  .processes = MIN(number(argv[2]), PROCESSES_MAX),
                  .threads = CLAMP(number(argv[3]), 1, THREADS_MAX),
                  .rounds = number(argv[4]),
                  .phases = number(argv[5])};
    return steal(argc > 6 ? argv[6] : "");
}
