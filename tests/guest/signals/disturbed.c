/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that does not repeat calls after EINTR, like most programs, under a timer whose handler has no SA_RESTART.
 * Natively a signal makes neither open() nor mmap() fail.
 *
 * usage: disturbed         open and map a file of its own, again and again, and print how many calls a signal ended
 *        disturbed PATH    open PATH several times; one of these opens may take a while
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/guest/signals/busy-timer.h"

/*
 * Microseconds from signal to signal: about as long as some calls take, and much longer than the broker needs to receive one.
 * The number of files is higher than nvcuse opens in advance.
 */
enum { ROUNDS = 500, BUSY = 2000, SLOW = 200000, FILES = 24, SIZE = 4096 };

/* How many calls of a kind a signal ended, and how many failed for another reason. */
typedef struct {
    unsigned interrupted;
    unsigned failed;
} Outcome;

static void note(Outcome *outcome)
{
    outcome->interrupted += errno == EINTR;
    outcome->failed += errno != EINTR;
}

static void open_and_close(const char *path, Outcome *outcome)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        note(outcome);
    } else {
        close(fd);
    }
}

static void map_and_unmap(int fd, Outcome *outcome)
{
    void *mapped = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (mapped == MAP_FAILED) {
        note(outcome);
    } else {
        munmap(mapped, SIZE);
    }
}

static int use_own_file(void)
{
    char path[] = "/tmp/disturbed.XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    Outcome opens = {0};
    Outcome maps = {0};

    if (fd < 0 || ftruncate(fd, SIZE) != 0) {
        perror(path);
        return EXIT_FAILURE;
    }
    busy_timer_set(BUSY);
    for (unsigned i = 0; i < ROUNDS; i++) {
        open_and_close(path, &opens);
        map_and_unmap(fd, &maps);
    }
    busy_timer_set(0);
    unlink(path);
    printf("open: %u EINTR, %u other errors\nmmap: %u EINTR, %u other errors\n", opens.interrupted,
           opens.failed, maps.interrupted, maps.failed);
    return EXIT_SUCCESS;
}

static int open_often(const char *path)
{
    Outcome opens = {0};

    (void)puts("opening");
    (void)fflush(stdout);
    busy_timer_set(SLOW);
    for (unsigned i = 0; i < FILES; i++) {
        if (open(path, O_RDWR | O_CLOEXEC) < 0) {
            note(&opens);
        }
    }
    busy_timer_set(0);
    printf("%s: %u EINTR, %u other errors\n", busy_timer_signals() > 0 ? "signals" : "no signals",
           opens.interrupted, opens.failed);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    return argc > 1 ? open_often(argv[1]) : use_own_file();
}
