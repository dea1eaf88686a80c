/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Describe memory of every kind to the GPU: it reads and writes the pages that the program sees, in whatever way the program
 * maps them, and they stay pinned as long as they are described.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define PAGE      4096UL
#define SIZE      (8 * PAGE)
#define HUGE_PAGE (2UL << 20)
#define LIVE      "/sys/kernel/debug/nvcuse-model/live"
#define RESERVED  "/proc/sys/vm/nr_hugepages"

enum { WORDS = PAGE / sizeof(NvU32) };

/* --- what the driver holds -------------------------------------------------------------------- */

/* The number after a name at the beginning of a line of the file. */
static long number_in(const char *path, const char *name)
{
    FILE *file = fopen(path, "re");
    char line[256];
    long number = -1;

    while (file && number < 0 && fgets(line, sizeof line, file)) {
        if (strncmp(line, name, strlen(name)) == 0) {
            number = strtol(line + strlen(name), NULL, 10);
        }
    }
    if (file) {
        (void)fclose(file);
    }
    return number;
}

static long pinned(void)
{
    return number_in(LIVE, "pinned_pages");
}

/* The kernel closes a killed process's files some time later. */
static long pinned_in_the_end(void)
{
    for (int i = 0; i < 500 && pinned() != 0; i++) {
        usleep(10000);
    }
    return pinned();
}

/* --- whose pages ------------------------------------------------------------------------------ */

/*
 * Of @size bytes at @memory, the GPU must read what the program wrote through @other, which maps the same memory, and the
 * program must read there what the GPU wrote; in the first and in the last page.
 */
static void exchange(const Tree *t, volatile NvU32 *memory, volatile NvU32 *other, NvU64 size)
{
    const NvU64 places[] = {0, size - PAGE};
    long before = pinned();
    NvU32 value = 0;

    say("describe: %s", status(rm_describe(t->gpu, t, H_OTHER, memory, size - 1, DESCRIBE_FLAGS)));
    say("pinned: %s", pinned() - before == (long)(size / PAGE) ? "all of it" : "something else");
    for (NvU32 i = 0; i < 2; i++) {
        other[places[i] / sizeof *other] = 0x1000 + i;
        say("gpu reads: %s", status(gpu_read(t, H_OTHER, places[i], &value)));
        say("  0x%x", value);
        say("gpu writes: %s", status(gpu_write(t, H_OTHER, places[i] + 4, 0x2000 + i)));
        say("  0x%x", other[places[i] / sizeof *other + 1]);
    }
    say("free: %s", status(rm_free(t->ctl, t->client, H_OTHER)));
    say("pinned: %ld", pinned() - before);
}

static void *map(size_t size, int protection, int flags, int fd)
{
    void *mapped = mmap(NULL, size, protection, flags, fd, 0);

    if (mapped == MAP_FAILED) {
        say("no memory");
        exit(1);
    }
    return mapped;
}

static void anonymous(const Tree *t)
{
    void *memory = map(SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

    exchange(t, memory, memory, SIZE);
    munmap(memory, SIZE);
}

/* Another process that shares the memory sees what the GPU writes. */
static void shared(const Tree *t)
{
    volatile NvU32 *memory = map(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
    int how = 0;
    pid_t child;

    exchange(t, memory, memory, SIZE);
    child = fork();
    if (child == 0) {
        _exit(memory[1] == 0x2000 && memory[SIZE / 4 - WORDS + 1] == 0x2001 ? 0 : 1);
    }
    waitpid(child, &how, 0);
    say("another process: %s", how == 0 ? "sees it" : "does not");
    munmap((void *)memory, SIZE);
}

/* Map a file twice, describe one mapping and look at the other. */
static void of_file(const Tree *t, int fd)
{
    NvU32 word = 0;

    if (fd < 0 || ftruncate(fd, SIZE) != 0) {
        say("no file");
        return;
    }
    void *memory = map(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
    void *other = map(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
    exchange(t, memory, other, SIZE);
    say("in the file: %s", pread(fd, &word, sizeof word, 4) == sizeof word && word == 0x2000
                               ? "as the gpu wrote it"
                               : "something else");
    munmap(memory, SIZE);
    munmap(other, SIZE);
    close(fd);
}

/* The program gets its own copies of a privately mapped file's pages when it writes to them. */
static void private_file(const Tree *t)
{
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    NvU32 in_file = 0;
    NvU32 seen = 0;
    volatile NvU32 *memory = map(SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);

    say("for reading: %s",
        status(rm_describe(t->gpu, t, H_OTHER, memory, SIZE - 1, DESCRIBE_FLAGS | CPU_READ_ONLY)));
    say("gpu reads: %s", status(gpu_read(t, H_OTHER, 0, &seen)));
    say("the file: %s",
        pread(fd, &in_file, sizeof in_file, 0) == sizeof in_file && in_file == seen ? "yes" : "no");
    say("free: %s", status(rm_free(t->ctl, t->client, H_OTHER)));
    exchange(t, memory, memory, SIZE);
    munmap((void *)memory, SIZE);
    close(fd);
}

static void reserve_huge_pages(const char *number)
{
    int fd = open(RESERVED, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, number, strlen(number)) < 0) {
        say("no huge pages can be reserved");
    }
    close(fd);
}

static void huge(const Tree *t)
{
    void *memory;

    reserve_huge_pages("4");
    memory = mmap(NULL, 2 * HUGE_PAGE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
    if (memory == MAP_FAILED) {
        say("no huge pages");
    } else {
        exchange(t, memory, memory, 2 * HUGE_PAGE);
        munmap(memory, 2 * HUGE_PAGE);
    }
    reserve_huge_pages("0");
}

/* Describe half of one huge page, and two whole ones. */
static void transparent_huge(const Tree *t)
{
    char *area = map(3 * HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    char *memory = area + (HUGE_PAGE - (uintptr_t)area % HUGE_PAGE) % HUGE_PAGE;

    madvise(memory, 2 * HUGE_PAGE, MADV_HUGEPAGE);
    memset(memory, 1, 2 * HUGE_PAGE);
    say("huge: %s", number_in("/proc/self/smaps_rollup", "AnonHugePages:") >= 4096 ? "yes" : "no");
    exchange(t, (NvU32 *)(void *)memory, (NvU32 *)(void *)memory, 2 * HUGE_PAGE);
    memory += HUGE_PAGE / 2;
    exchange(t, (NvU32 *)(void *)memory, (NvU32 *)(void *)memory, HUGE_PAGE);
    munmap(area, 3 * HUGE_PAGE);
}

/* --- for how long ----------------------------------------------------------------------------- */

static void describe_some(const Tree *t)
{
    void *memory = map(SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

    say("describe: %s", status(rm_describe(t->gpu, t, H_OTHER, memory, SIZE - 1, DESCRIBE_FLAGS)));
}

static void until_the_file_goes(void)
{
    Tree t = tree();

    describe_some(&t);
    say("pinned: %ld", pinned());
    close(t.gpu);
    say("without the gpu's file: %ld", pinned());
    close(t.ctl);
    say("without the client's: %ld", pinned());
}

/* A child describes memory, and ends by itself or by a signal. */
static void until_the_process_goes(bool killed)
{
    int ends[2];
    char there = 0;
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return;
    }
    child = fork();
    if (child == 0) {
        Tree t = tree();
        describe_some(&t);
        if (write(ends[1], &there, 1) != 1) {
            _exit(1);
        }
        pause();
    }
    if (read(ends[0], &there, 1) == 1) {
        say("pinned: %ld", pinned());
    }
    kill(child, killed ? SIGKILL : SIGTERM);
    waitpid(child, NULL, 0);
    say("afterwards: %ld", pinned_in_the_end());
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    Tree t = tree();

    section("anonymous");
    anonymous(&t);
    section("shared");
    shared(&t);
    section("memfd");
    of_file(&t, memfd_create("described", MFD_CLOEXEC));
    section("file");
    of_file(&t, open("/run", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    section("private-file");
    private_file(&t);
    section("huge");
    huge(&t);
    section("transparent-huge");
    transparent_huge(&t);
    tree_close(&t);
    section("until-the-file-goes");
    until_the_file_goes();
    section("until-the-process-ends");
    until_the_process_goes(false);
    section("until-the-process-is-killed");
    until_the_process_goes(true);
    return 0;
}
