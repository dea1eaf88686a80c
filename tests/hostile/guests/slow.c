/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that decides when its memory arrives: pages of userfaultfd, for which every reader waits for the guest.
 *
 *     slow held N       N threads whose calls have their argument, or the memory that it points to, in such a page, which
 *                       never arrives; meanwhile this process continues to call
 *     slow watched N    N threads whose calls name, by its number, an epoll instance that is busy with such a page, in place of
 *                       a file of the driver's that had the number
 *     slow paths N      N threads whose open() has its path there
 *     slow changing N   N calls; between the rounds in which their argument is read the page goes away, and comes back with
 *                       other contents, or not at all
 *
 * Good contents are NV0000_CTRL_CMD_GPU_GET_ATTACHED_IDS; others must never reach the driver.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define PAGE        4096UL
#define BAD_COMMAND 0x20807fffU
#define CONTROL     _IOWR(NV_IOCTL_MAGIC, NV_ESC_RM_CONTROL, NVOS54_PARAMETERS)

enum { CALLS = 50, ERRNOS = 4096, LINGER_US = 2000 };

static int faults;
static char *page; /* a page that has not arrived */
static NV0000_CTRL_GPU_GET_ATTACHED_IDS_PARAMS ids;

static void missing(char *at)
{
    struct uffdio_register range = {.range = {(uintptr_t)at, PAGE},
                                    .mode = UFFDIO_REGISTER_MODE_MISSING};

    if (mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
            MAP_FAILED ||
        ioctl(faults, UFFDIO_REGISTER, &range) != 0) {
        say("a page that is not there: %s", status(-errno));
        exit(1);
    }
}

static void begin(void)
{
    struct uffdio_api api = {.api = UFFD_API};

    faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
    page = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (faults < 0 || ioctl(faults, UFFDIO_API, &api) != 0 || page == MAP_FAILED) {
        say("userfaultfd: %s", status(-errno));
        exit(1);
    }
    missing(page);
}

/* --- what never comes -------------------------------------------------------------------------- */

static void *argument_held(void *data)
{
    ioctl(*(const int *)data, CONTROL, page);
    return NULL;
}

static void *params_held(void *data)
{
    NVOS54_PARAMETERS args = {.cmd = NV0000_CTRL_CMD_GPU_GET_ATTACHED_IDS,
                              .params = (uintptr_t)page,
                              .paramsSize = sizeof ids};

    ioctl(*(const int *)data, CONTROL, &args);
    return NULL;
}

static void *path_held(void *data)
{
    (void)data;
    return (void *)(intptr_t)open(page, O_RDWR | O_CLOEXEC);
}

static void start(void *(*run)(void *), long n, int *ctl)
{
    pthread_t thread;

    for (long i = 0; i < n; i++) {
        pthread_create(&thread, NULL, run, ctl);
    }
}

/* --- a descriptor whose look never comes ------------------------------------------------------- */

static int tie(int fd, int ctl)
{
    nv_ioctl_register_fd_t args = {.ctl_fd = ctl};

    return ioctl(fd, _IOWR(NV_IOCTL_MAGIC, NV_ESC_REGISTER_FD, args), &args);
}

static void *events_held(void *data)
{
    epoll_wait(*(const int *)data, (struct epoll_event *)(void *)page, 1, -1);
    return NULL;
}

static pthread_barrier_t known, exchanged;

/* At first the number is that of a file, for this thread. */
static void *look_held(void *data)
{
    const int number = *(const int *)data;

    if (tie(node("nvidiactl"), number) != 0) {
        say("watched: %s", status(-errno));
    }
    pthread_barrier_wait(&known);
    pthread_barrier_wait(&exchanged);
    tie(node("nvidiactl"), number);
    return NULL;
}

static void start_watched(long n, int ctl)
{
    static int number, watch;
    struct epoll_event event = {.events = EPOLLIN};

    number = dup(ctl);
    watch = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(watch, EPOLL_CTL_ADD, eventfd(1, EFD_CLOEXEC), &event);
    pthread_barrier_init(&known, NULL, (unsigned)n + 1);
    pthread_barrier_init(&exchanged, NULL, (unsigned)n + 1);
    start(look_held, n, &number);
    pthread_barrier_wait(&known);
    start(events_held, 1, &watch);
    usleep(LINGER_US * 100);
    dup2(watch, number);
    pthread_barrier_wait(&exchanged);
}

/* --- those that hold --------------------------------------------------------------------------- */

enum scene { HELD, WATCHED, PATHS };

static _Noreturn void hold(long n, enum scene scene)
{
    int ctl = node("nvidiactl");

    begin();
    if (scene == PATHS) {
        start(path_held, n, NULL);
    } else if (scene == WATCHED) {
        start_watched(n, ctl);
    } else {
        start(argument_held, n, &ctl);
        start(params_held, n, &ctl);
    }
    say("holding");
    (void)fflush(stdout);
    for (;;) {
        pause();
    }
}

static void held(long n, enum scene scene)
{
    int ctl = node("nvidiactl");
    NvHandle client;
    int64_t result = 0;
    pid_t child = fork();

    if (child == 0) {
        hold(n, scene);
    }
    sleep(1);
    for (int i = 0; i < CALLS && result == 0; i++) {
        result = rm_client(ctl, &client);
        result = result ? result : rm_free(ctl, client, client);
        int fd = node("nvidiactl");
        result = result || tie(fd, ctl) == 0 ? result : -errno;
        close(fd);
    }
    say("with them held: %s", status(result));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* --- what comes, and changes ------------------------------------------------------------------- */

/* Print the page's contents, or that it is gone. */
enum content { GOOD, OTHER_COMMAND, NO_POINTER, TOO_LARGE, GONE, CONTENTS };

static void fill(void *copy, enum content content)
{
    NVOS54_PARAMETERS args = {
        .cmd = content == OTHER_COMMAND ? BAD_COMMAND : NV0000_CTRL_CMD_GPU_GET_ATTACHED_IDS,
        .params = content == NO_POINTER ? 0xffff888000000000U : (uintptr_t)&ids,
        .paramsSize = content == TOO_LARGE ? UINT32_MAX : sizeof ids};

    memcpy(copy, &args, sizeof args);
}

/*
 * With a probability of one half the contents from before, so that some calls find the same in all their rounds; else anything.
 * By chance, because with a fixed order each call could begin at the same place of it.
 */
static enum content next_content(enum content before)
{
    return random() % 2 ? before : (enum content)(random() % CONTENTS);
}

/* A thread that waits for the page gets it, for a moment, or finds that it is unmapped. */
static void *answer(void *data)
{
    static char copy[PAGE] __attribute__((aligned(4096)));
    struct uffd_msg fault;
    enum content content = GOOD;

    (void)data;
    while (read(faults, &fault, sizeof fault) == sizeof fault) {
        struct uffdio_copy come = {.dst = (uintptr_t)page, .src = (uintptr_t)copy, .len = PAGE};
        struct uffdio_range wake = {(uintptr_t)page, PAGE};
        content = next_content(content);
        if (content == GONE) {
            munmap(page, PAGE);
            ioctl(faults, UFFDIO_WAKE, &wake);
            usleep(LINGER_US);
            missing(page);
        } else {
            fill(copy, content);
            ioctl(faults, UFFDIO_COPY, &come);
            usleep((useconds_t)random() % LINGER_US);
            madvise(page, PAGE, MADV_DONTNEED);
        }
    }
    return NULL;
}

static void changing(long n)
{
    static unsigned results[ERRNOS];
    pthread_t thread;
    NvHandle client;
    int ctl = node("nvidiactl");

    begin();
    rm_client(ctl, &client);
    pthread_create(&thread, NULL, answer, NULL);
    for (long i = 0; i < n; i++) {
        int error = ioctl(ctl, CONTROL, page) != 0 ? errno : 0;
        results[error % ERRNOS]++;
    }
    for (int error = 0; error < ERRNOS; error++) {
        if (results[error]) {
            say("%s", error ? strerrorname_np(error) : "0");
        }
    }
}

int main(int argc, char **argv)
{
    const char *scene = argc == 3 ? argv[1] : "";
    long n = argc == 3 ? strtol(argv[2], NULL, 10) : 0;

    setlinebuf(stdout);
    if (strcmp(scene, "held") == 0) {
        held(n, HELD);
    } else if (strcmp(scene, "watched") == 0) {
        held(n, WATCHED);
    } else if (strcmp(scene, "paths") == 0) {
        hold(n, PATHS);
    } else if (strcmp(scene, "changing") == 0) {
        changing(n);
    } else {
        fprintf(stderr, "usage: slow held|watched|paths|changing N\n");
        return 2;
    }
    return 0;
}
