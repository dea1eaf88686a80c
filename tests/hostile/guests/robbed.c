/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program with a secret that makes calls on its standard input, a file that the caller gave it. The program itself prints
 * whether the secret was read or changed.
 *
 *     robbed CALL...
 *
 *     isatty     is standard input a terminal?
 *     version    the driver's word, with nothing but its own struct
 *     control    the driver's word, with memory that its struct names
 *     drop       give up the rights of the program's owner
 *     hide       do not let other processes look at its memory
 *     open       open the control device as standard input
 *     fork       continue as a child
 *     exec       execute itself, with the calls that follow
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/nv-ioctl.h"
#include "abi/nvos.h"

/* At a fixed address: the program is linked without -pie. */
extern char secret[32];
char secret[32] = "the secret of the program";

static const char *result(int value)
{
    return value < 0 ? strerrorname_np(errno) : "0";
}

static int version(void)
{
    nv_ioctl_rm_api_version_t params = {.cmd = NV_RM_API_VERSION_CMD_QUERY};

    return ioctl(0, (unsigned long)NV_FRONTEND_WORD(NV_ESC_CHECK_VERSION_STR, sizeof params),
                 &params);
}

/* The driver refuses this call, because the client does not exist, but first it reads the parameters. */
static int control(void)
{
    char memory[128] = {0}; /* NV0000_CTRL_GPU_GET_ATTACHED_IDS_PARAMS */
    NVOS54_PARAMETERS params = {
        .cmd = 0x201, .params = (uintptr_t)memory, .paramsSize = sizeof memory};

    return ioctl(0, (unsigned long)NV_FRONTEND_WORD(NV_ESC_RM_CONTROL, sizeof params), &params);
}

static int drop(void)
{
    return setresgid(getgid(), getgid(), getgid()) < 0 ? -1
                                                       : setresuid(getuid(), getuid(), getuid());
}

static int hide(void)
{
    return prctl(PR_SET_DUMPABLE, 0);
}

static int open_input(void)
{
    int fd = open("/dev/nvidiactl", O_RDWR);

    return fd <= 0 ? fd : dup2(fd, 0);
}

static int is_terminal(void)
{
    return isatty(0) ? 0 : -1;
}

static int fork_and_wait(void)
{
    int how = 0;
    pid_t child = fork();

    if (child > 0) {
        waitpid(child, &how, 0);
        exit(WEXITSTATUS(how));
    }
    return child;
}

static const struct {
    const char *name;
    int (*call)(void);
} calls[] = {
    {"isatty", is_terminal}, {"version", version}, {"control", control},    {"drop", drop},
    {"hide", hide},          {"open", open_input}, {"fork", fork_and_wait},
};

static void make(const char *name)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (strcmp(calls[i].name, name) == 0) {
            printf("%s: %s\n", name, result(calls[i].call()));
        }
    }
}

int main(int argc, char **argv)
{
    setlinebuf(stdout);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "exec") == 0) {
            execvp(argv[i + 1], &argv[i + 1]);
        }
        make(argv[i]);
    }
    printf("%s\n", secret);
    return 0;
}
