/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that keeps every thread of an instance busy with calls in which broker and worker wait for each other: opens,
 * descriptors that the broker must identify, and closes that arrive while the broker has a duplicate, so that the broker's
 * close is the last. Usage: busy THREADS ROUNDS. Exits with 0 when all rounds are done; a deadlock shows as a run that does not
 * end.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "abi/nv-ioctl.h"
#include "abi/uvm.h"

#define REGISTER_FD (0xc0004600UL | sizeof(nv_ioctl_register_fd_t) << 16 | NV_ESC_REGISTER_FD)

enum { SHARED_FDS = 4 };

static int shared[SHARED_FDS]; /* opened, passed and closed by all threads, in any order */
static long rounds;

static int open_device(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    return fd;
}

static void *run(void *data)
{
    unsigned seed = *(unsigned *)data;

    for (long i = 0; i < rounds; i++) {
        int *slot = &shared[(unsigned)rand_r(&seed) % SHARED_FDS];
        int mine = open_device("/dev/nvidiactl");
        nv_ioctl_register_fd_t target = {.ctl_fd = __atomic_load_n(slot, __ATOMIC_RELAXED)};
        UVM_MM_INITIALIZE_PARAMS mm = {.uvmFd = target.ctl_fd};
        int uvm = open_device("/dev/nvidia-uvm");

        /* Any answer is right, but there must be one. */
        (void)ioctl(mine, REGISTER_FD, &target);
        (void)ioctl(uvm, (unsigned long)UVM_MM_INITIALIZE, &mm);
        close(uvm);
        close(__atomic_exchange_n(slot, mine, __ATOMIC_RELAXED));
    }
    return NULL;
}

int main(int argc, char **argv)
{
    long n_threads = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
    pthread_t threads[64];
    unsigned seeds[64];

    rounds = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    if (n_threads < 1 || n_threads > 64 || rounds < 1) {
        fprintf(stderr, "usage: busy THREADS ROUNDS\n");
        return 2;
    }
    for (int i = 0; i < SHARED_FDS; i++) {
        shared[i] = open_device("/dev/nvidiactl");
    }
    for (long i = 0; i < n_threads; i++) {
        seeds[i] = (unsigned)i;
        if (pthread_create(&threads[i], NULL, run, &seeds[i]) != 0) {
            return EXIT_FAILURE;
        }
    }
    for (long i = 0; i < n_threads; i++) {
        pthread_join(threads[i], NULL);
    }
    printf("done\n");
    return EXIT_SUCCESS;
}
