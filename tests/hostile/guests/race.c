/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest with arguments that change between the rounds in which the kernel reads them, paths that change, and descriptors
 * that change their file. Some threads make calls, and others change the same memory and descriptors all the time.
 *
 * Good values are the driver's NV0000_CTRL_CMD_GPU_GET_ATTACHED_IDS and a control file; bad ones are a command, a size, a
 * pointer and a file that must never reach the driver.
 *
 * usage: race SECONDS
 * It prints the results of the calls, each result once, and everything that was opened or mapped and should not have been.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/status.h"

#define FRONTEND(NR, SIZE) (0xc0004600UL | (unsigned long)(SIZE) << 16 | (NR))
#define GOOD_COMMAND       0x201U /* NV0000_CTRL_CMD_GPU_GET_ATTACHED_IDS */
#define BAD_COMMAND        0x20807fffU

#define OURS  "/dev/nvidiactl"
#define OTHER "/dev/null\0xxxxx" /* as long */
#define PAGE  4096

enum { CALLERS = 4, NAMED_FD = 200, DRIVER_MAJOR = 195 };

static NVOS54_PARAMETERS control;
static char good[256];
static nv_ioctl_register_fd_t named = {NAMED_FD};
static char path[] = OURS;
static int ctl;
static int gpu;
static int plain; /* the file begins with this: */
static const char plain_text[] = "a file of no importance";
static atomic_bool over;
static atomic_uint errors[4096]; /* how often each errno value was returned, 0 included */

static void *change_memory(void *data)
{
    (void)data;
    for (unsigned i = 0; !over; i++) {
        volatile NVOS54_PARAMETERS *p = &control;
        p->cmd = i & 1 ? GOOD_COMMAND : BAD_COMMAND;
        p->paramsSize = i & 2 ? 128 : 0xfffffff0U + (i & 15);
        p->params = i & 4 ? (NvU64)(uintptr_t)good : 0xffff888000000000UL + i;
        p->hClient = i & 8 ? 0 : 0xc1d00001U;
        memcpy(path, i & 16 ? OURS : OTHER, sizeof path);
    }
    return NULL;
}

/* Let the number refer to a control file, to another file and to none, in turn. */
static void *change_files(void *data)
{
    const int files[] = {ctl, plain, gpu};

    (void)data;
    for (unsigned i = 0; !over; i++) {
        dup2(files[i % 3], NAMED_FD);
        if (i % 7 == 0) {
            close(NAMED_FD);
        }
    }
    return NULL;
}

static void count(int error)
{
    errors[error & 4095]++;
}

static void register_named(void)
{
    int file = open("/dev/nvidia0", O_RDWR | O_CLOEXEC);

    count(ioctl(file, FRONTEND(NV_ESC_REGISTER_FD, sizeof named), &named) < 0 ? errno : 0);
    close(file);
}

/* Only the plain file has memory to map. */
static void map_named(void)
{
    const char *mapped = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, NAMED_FD, 0);

    count(mapped == MAP_FAILED ? errno : 0);
    if (mapped == MAP_FAILED) {
        return;
    }
    if (memcmp(mapped, plain_text, sizeof plain_text) != 0) {
        printf("mapped what is not the file's\n");
    }
    munmap((void *)mapped, PAGE);
}

static void open_path(void)
{
    int file = open(path, O_RDWR | O_CLOEXEC);
    struct stat st;

    count(file < 0 ? errno : 0);
    if (file >= 0 && fstat(file, &st) == 0 && major(st.st_rdev) == DRIVER_MAJOR) {
        printf("opened the driver's own device\n");
    }
    if (file >= 0) {
        close(file);
    }
}

static void *call(void *data)
{
    (void)data;
    while (!over) {
        count(ioctl(ctl, FRONTEND(NV_ESC_RM_CONTROL, sizeof control), &control) < 0 ? errno : 0);
        register_named();
        map_named();
        open_path();
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const struct timespec length = {argc > 1 ? strtol(argv[1], NULL, 10) : 5, 0};
    pthread_t threads[CALLERS + 2];

    ctl = open("/dev/nvidiactl", O_RDWR);
    gpu = open("/dev/nvidia0", O_RDWR);
    plain = memfd_create("plain", 0);
    if (ctl < 0 || gpu < 0 || write(plain, plain_text, sizeof plain_text) != sizeof plain_text) {
        perror("race: open");
        return 1;
    }
    pthread_create(&threads[0], NULL, change_memory, NULL);
    pthread_create(&threads[1], NULL, change_files, NULL);
    for (int i = 0; i < CALLERS; i++) {
        pthread_create(&threads[2 + i], NULL, call, NULL);
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
