/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program with a secret. Its standard input is a file that the caller gave it, and its children share its memory until
 * they execute a program of the caller's. Nobody may read its memory.
 *
 *     lender starts PLAIN N       a child gives up the rights of the program's owner, and executes PLAIN, as posix_spawn() does
 *     lender calls PLAIN N        before that, the child makes calls of the driver's
 *     lender shares PLAIN N       the same, while the program itself makes calls at the same time
 *     lender becomes PLAIN N OWNED   a process of the caller's executes OWNED, that executes PLAIN, and that PLAIN once more
 *
 * PLAIN and OWNED are this program; OWNED has rights of its own. PLAIN has no secret, but other bytes at the secret's
 * address. The program itself prints whether the secret was read or changed.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/nv-ioctl.h"
#include "abi/nvos.h"

#define SECRET "the secret of the program"

enum { SECRET_SIZE = 32, STACK = 65536, CALLS = 4, PAUSE_US = 2000, KEEP_US = 50000, LOST = 3 };

/* At a fixed address: the program is linked without -pie. */
extern char secret[SECRET_SIZE];
char secret[SECRET_SIZE] = "of no worth";

/* How many calls a child made in the program's memory, and how many of them were refused. */
static unsigned made;
static unsigned refused;

/*
 * The driver refuses this call, because the client does not exist, but first it reads the parameters. Returns: whether nvcuse
 * allows that.
 */
static bool control(void)
{
    char memory[128] = {0}; /* NV0000_CTRL_GPU_GET_ATTACHED_IDS_PARAMS */
    NVOS54_PARAMETERS params = {
        .cmd = 0x201, .params = (uintptr_t)memory, .paramsSize = sizeof memory};

    return ioctl(0, (unsigned long)NV_FRONTEND_WORD(NV_ESC_RM_CONTROL, sizeof params), &params) ==
               0 ||
           errno != EPERM;
}

static bool all_are_served(void)
{
    bool served = true;

    for (int i = 0; i < CALLS; i++) {
        served = control() && served;
    }
    return served;
}

/* Change the ids of this thread alone: the C library would change those of the process whose memory this is. */
static void drop(void)
{
    const gid_t group = getgid();
    const uid_t user = getuid();

    if (syscall(SYS_setresgid, group, group, group) < 0 ||
        syscall(SYS_setresuid, user, user, user) < 0) {
        _exit(1);
    }
}

/* --- children that are in the program's memory ------------------------------------------------- */

typedef struct {
    const char *plain;
    bool calls;
} Child;

static int live_in_memory(void *data)
{
    const Child *child = data;

    for (int i = 0; child->calls && i < CALLS; i++) {
        made++;
        refused += !control();
    }
    usleep((useconds_t)random() % PAUSE_US);
    drop();
    execl(child->plain, "lender", "child", NULL);
    _exit(1);
}

/* Returns: whether the calls of the executed program were served. */
static bool lend(Child *child, int flags)
{
    static char stack[STACK] __attribute__((aligned(16)));
    int how = -1;
    pid_t pid = clone(live_in_memory, stack + sizeof stack, CLONE_VM | SIGCHLD | flags, child);

    while (flags == 0 && waitpid(pid, &how, WNOHANG) == 0) {
        control();
    }
    return (flags == 0 || waitpid(pid, &how, 0) == pid) && how == 0;
}

static void lend_often(const char *scene, const char *plain, long n)
{
    Child child = {.plain = plain, .calls = strcmp(scene, "starts") != 0};
    long served = 0;

    for (long i = 0; i < n; i++) {
        served += lend(&child, strcmp(scene, "shares") == 0 ? 0 : CLONE_VFORK);
    }
    printf("%s: %ld of %ld children were served\n", scene, served, n);
    if (child.calls) {
        printf("%s: before, %s\n", scene, made == refused ? "none of them was" : "some were");
    }
}

/* --- one process that becomes another, and itself again ---------------------------------------- */

static int keep(void *data)
{
    (void)data;
    usleep(KEEP_US);
    return 0;
}

/* OWNED checks whether it was robbed. A process that stays in its memory keeps it alive. */
static void pass(char **argv)
{
    static char stack[STACK] __attribute__((aligned(16)));

    control();
    if (clone(keep, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL) < 0) {
        _exit(1);
    }
    usleep((useconds_t)getpid() * 37U % PAUSE_US);
    if (strcmp(secret, SECRET) != 0) {
        _exit(LOST);
    }
    drop();
    execl(argv[2], "lender", "again", argv[2], argv[3], NULL);
}

/* Execute programs without address randomisation, so that the stacks of the caller's programs have the same address. */
static void execute_in_order(const char *turn, const char *plain, const char *owned)
{
    personality(ADDR_NO_RANDOMIZE);
    execl(plain, "lender", turn, plain, owned, NULL);
}

static void become_often(char **argv)
{
    const long n = strtol(argv[3], NULL, 10);
    long whole = 0;

    for (long i = 0; i < n; i++) {
        int how = 0;
        pid_t pid = fork();
        if (pid == 0) {
            execute_in_order("first", argv[2], argv[4]);
            _exit(1);
        }
        waitpid(pid, &how, 0);
        whole += how == 0;
    }
    printf("becomes: %ld of %ld came to the end, and had kept their secret\n", whole, n);
}

static int turn(char **argv)
{
    if (strcmp(argv[1], "first") == 0) {
        all_are_served();
        execl(argv[3], "lender", "owner", argv[2], argv[3], NULL);
    } else if (strcmp(argv[1], "owner") == 0) {
        strcpy(secret, SECRET); // NOLINT(clang-analyzer-security.insecureAPI.strcpy)
        pass(argv);
    } else if (strcmp(argv[1], "again") == 0) {
        execute_in_order("child", argv[2], argv[3]);
    }
    return 1;
}

int main(int argc, char **argv)
{
    setlinebuf(stdout);
    if (argc >= 2 && strcmp(argv[1], "child") == 0) {
        return all_are_served() ? 0 : 1;
    }
    if (argc == 5 && strcmp(argv[1], "becomes") == 0) {
        become_often(argv);
        return 0;
    }
    if (argc == 4 && strtol(argv[3], NULL, 10) > 0) {
        strcpy(secret, SECRET); // NOLINT(clang-analyzer-security.insecureAPI.strcpy)
        prctl(PR_SET_DUMPABLE, 0);
        lend_often(argv[1], argv[2], strtol(argv[3], NULL, 10));
        printf("%s\n", secret);
        return 0;
    }
    if (argc == 4) {
        return turn(argv);
    }
    fprintf(stderr, "usage: lender starts|calls|shares PLAIN N | becomes PLAIN N OWNED\n");
    return 2;
}
