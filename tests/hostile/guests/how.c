/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that opens files by paths and by structs of openat2() that change while nvcuse looks at them, and by addresses and
 * sizes that are wrong. The path is sometimes a node, sometimes a place where this guest may not make a file, and sometimes a
 * file that it may not write: the broker, which may do both, must do neither.
 *
 * usage: how SECONDS PLACE VICTIM
 * PLACE does not exist, in a directory that only root may write; VICTIM is a file of root's, which is not empty.
 * It prints each errno value that was returned, once, and everything that was opened and should not have been.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define PATH_SIZE 64
#define PAGE      4096UL

enum { CALLERS = 4, DRIVER_MAJOR = 195 };

static char paths[3][PATH_SIZE] = {"/dev/nvidiactl"};
static char path[PATH_SIZE];
static struct {
    struct open_how how;
    uint64_t more[2]; /* of a later version of the struct */
} request;
static struct stat victim;
static atomic_bool over;
static atomic_uint errors[4096]; /* how often each errno value was returned, 0 included */

static void *change_memory(void *data)
{
    static const uint64_t flags[] = {O_RDWR,
                                     O_RDWR | O_CREAT,
                                     O_RDWR | O_TRUNC,
                                     O_RDONLY,
                                     O_WRONLY | O_CREAT | O_TRUNC,
                                     O_PATH | O_CREAT,
                                     O_RDWR | O_CREAT | O_EXCL,
                                     UINT64_MAX};
    static const uint64_t resolve[] = {0, RESOLVE_NO_SYMLINKS, RESOLVE_IN_ROOT, UINT64_MAX};

    (void)data;
    for (unsigned i = 0; !over; i++) {
        volatile struct open_how *how = &request.how;
        how->flags = flags[i % 8];
        how->mode = how->flags & O_CREAT ? 06777 : 0;
        how->resolve = i % 32 < 24 ? 0 : resolve[i % 4];
        *(volatile uint64_t *)&request.more[i & 1] = i % 64 == 0;
        memcpy(path, paths[i / 3 % 3], sizeof path);
    }
    return NULL;
}

/* Look at the result of a call, and close the file. */
static void look_at(long fd)
{
    struct stat st;

    errors[(fd < 0 ? errno : 0) & 4095]++;
    if (fd < 0 || fstat((int)fd, &st) < 0) {
        return;
    }
    if (S_ISCHR(st.st_mode) && major(st.st_rdev) == DRIVER_MAJOR &&
        !(fcntl((int)fd, F_GETFL) & O_PATH)) {
        printf("opened the driver's own device\n");
    }
    if (st.st_ino == victim.st_ino && st.st_dev == victim.st_dev &&
        (fcntl((int)fd, F_GETFL) & O_ACCMODE) != O_RDONLY) {
        printf("opened root's file for writing\n");
    }
    close((int)fd);
}

static void *call(void *data)
{
    (void)data;
    for (unsigned i = 0; !over; i++) {
        const size_t size = i % 3 ? sizeof request.how : sizeof request;
        look_at(syscall(SYS_openat2, AT_FDCWD, path, &request, size));
        look_at(open(path, O_RDWR | O_CREAT | O_TRUNC, 06777));
        look_at(open(path, O_WRONLY | O_TRUNC));
        look_at(creat(path, 06777));
    }
    return NULL;
}

/* --- addresses and sizes ---------------------------------------------------------------------- */

/* Memory in which a read ends early: a page, behind which there is a file's page that the file does not have. */
static char *torn_memory(void)
{
    char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int file = memfd_create("torn", 0);

    if (mmap(pages + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0) == MAP_FAILED) {
        perror("how: mmap");
    }
    close(file);
    return pages;
}

static void wrong_arguments(void)
{
    static const size_t sizes[] = {0, 1, 23, 24, 25, 40, PAGE, PAGE + 1, INT32_MAX, SIZE_MAX};
    char *torn = torn_memory();
    const uintptr_t addresses[] = {0,
                                   1,
                                   (uintptr_t)torn + PAGE - 24,
                                   (uintptr_t)torn + PAGE - 8,
                                   (uintptr_t)torn + PAGE,
                                   UINTPTR_MAX,
                                   UINTPTR_MAX - 23,
                                   0x00007ffffffff000,
                                   0xffff888000000000};

    memcpy(torn + PAGE - 24, &(struct open_how){.flags = O_RDWR}, 24);
    for (size_t a = 0; a < sizeof addresses / sizeof addresses[0]; a++) {
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            look_at(syscall(SYS_openat2, AT_FDCWD, paths[0], addresses[a], sizes[s]));
        }
        look_at(syscall(SYS_open, addresses[a], O_WRONLY));
        look_at(syscall(SYS_openat, AT_FDCWD, addresses[a], O_RDWR | O_CREAT, 0600));
        look_at(syscall(SYS_creat, addresses[a], 0600));
    }
}

int main(int argc, char **argv)
{
    const struct timespec length = {argc > 1 ? strtol(argv[1], NULL, 10) : 5, 0};
    pthread_t threads[CALLERS + 1];

    if (argc < 4 || strlen(argv[2]) >= PATH_SIZE || strlen(argv[3]) >= PATH_SIZE ||
        stat(argv[3], &victim) < 0) {
        fprintf(stderr, "usage: how SECONDS PLACE VICTIM\n");
        return 2;
    }
    memcpy(paths[1], argv[2], strlen(argv[2]) + 1);
    memcpy(paths[2], argv[3], strlen(argv[3]) + 1);
    memcpy(path, paths[0], sizeof path);
    wrong_arguments();
    pthread_create(&threads[0], NULL, change_memory, NULL);
    for (int i = 0; i < CALLERS; i++) {
        pthread_create(&threads[1 + i], NULL, call, NULL);
    }
    nanosleep(&length, NULL);
    over = true;
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int error = 0; error < 4096; error++) {
        if (errors[error]) {
            printf("%s\n", error ? strerrorname_np(error) : "0");
        }
    }
    return 0;
}
