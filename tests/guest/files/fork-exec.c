/* SPDX-License-Identifier: Apache-2.0 */
/* What a child inherits: open files, but not the right to make mappings. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define SIZE 8192UL

static void wait_for(pid_t child)
{
    int how = 0;

    waitpid(child, &how, 0);
    say("child ended: %s", WIFEXITED(how) && WEXITSTATUS(how) == 0 ? "well" : "badly");
}

static int64_t query(int ctl, NvHandle client)
{
    NV0000_CTRL_GPU_GET_PCI_INFO_PARAMS pci = {.gpuId = 0x100};

    return rm_control(ctl, client, client, NV0000_CTRL_CMD_GPU_GET_PCI_INFO, &pci, sizeof pci);
}

static void forked(const Tree *t)
{
    int fd = node("nvidiactl");
    pid_t child = fork();

    if (child == 0) {
        say("control: %s", status(query(t->ctl, t->client)));
        say("memory: %s", status(memory_new(t, H_OTHER, NV01_MEMORY_SYSTEM, SIZE)));
        say("map: %s", status(rm_map(t->ctl, t->client, H_SYSTEM, 0, SIZE, fd, NULL)));
        exit(0);
    }
    wait_for(child);
    say("map in the parent: %s", status(rm_map(t->ctl, t->client, H_SYSTEM, 0, SIZE, fd, NULL)));
    close(fd);
}

static void mapping_survives(const Tree *t)
{
    int fd = node("nvidiactl");
    volatile NvU32 *mapped;
    pid_t child;

    say("map: %s", status(rm_map(t->ctl, t->client, H_SYSTEM, 0, SIZE, fd, NULL)));
    mapped = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) {
        say("mmap: %s", status(-errno));
        close(fd);
        return;
    }
    mapped[0] = 1;
    child = fork();
    if (child == 0) {
        say("child reads %u", mapped[0]);
        mapped[0] = 2;
        exit(0);
    }
    wait_for(child);
    say("parent reads %u", mapped[0]);
    munmap((void *)mapped, SIZE);
    close(fd);
}

/* The program executes itself: "fork-exec FD CLIENT". */
static int executed(char **argv)
{
    int ctl = (int)strtol(argv[1], NULL, 10);
    NvHandle client = (NvHandle)strtoul(argv[2], NULL, 16);

    say("control: %s", status(query(ctl, client)));
    say("free: %s", status(rm_free(ctl, client, client)));
    return 0;
}

static void exec_with_files(const Tree *t)
{
    char fd[16], client[16];
    pid_t child;

    snprintf(fd, sizeof fd, "%d", t->ctl);
    snprintf(client, sizeof client, "%x", t->client);
    fcntl(t->ctl, F_SETFD, 0);
    child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "fork-exec", fd, client, NULL);
        exit(1);
    }
    wait_for(child);
    say("control in the parent: %s", status(query(t->ctl, t->client)));
}

int main(int argc, char **argv)
{
    Tree t;

    if (argc == 3) {
        return executed(argv);
    }
    t = tree();
    section("prepare");
    say("memory: %s", status(memory_new(&t, H_SYSTEM, NV01_MEMORY_SYSTEM, SIZE)));
    section("fork");
    forked(&t);
    section("mapping-survives");
    mapping_survives(&t);
    section("exec");
    exec_with_files(&t);
    tree_close(&t);
    return 0;
}
