/* SPDX-License-Identifier: Apache-2.0 */
/* Files with memory to map, and words for results. */
#include "tests/agent/mapping.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

int new_file(const Tree *tree, NvHandle handle)
{
    int fd = node("nvidiactl");

    if (memory_new(tree, handle, NV01_MEMORY_SYSTEM, SIZE) != 0 ||
        rm_map(tree->ctl, tree->client, handle, 0, SIZE, fd, NULL) != 0) {
        say("no memory to map");
        exit(1);
    }
    return fd;
}

void *map(int fd)
{
    return mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

const char *outcome(const void *mapped)
{
    return mapped == MAP_FAILED ? status(-errno) : "mapped";
}

const char *ending(pid_t child)
{
    int how = 0;

    waitpid(child, &how, 0);
    if (WIFSIGNALED(how)) {
        return sigabbrev_np(WTERMSIG(how));
    }
    return WEXITSTATUS(how) == 0 ? "ended well" : "failed";
}
