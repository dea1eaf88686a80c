/* SPDX-License-Identifier: Apache-2.0 */
/* A guest with one thread that waits in the driver while another opens a third file of nvcuse's. Usage: waiter */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/guest/rm.h"

enum { WAIT_MS = 8000, LOOK_US = 10000 };

static atomic_int waiting; /* the thread's number */

static void *wait_in_driver(void *data)
{
    MODEL_CTRL_WAIT_PARAMS params = {.milliseconds = WAIT_MS};
    Tree t = tree();

    (void)data;
    atomic_store(&waiting, (int)gettid());
    say("waited: %s",
        status(rm_control(t.ctl, t.client, H_BINAPI, MODEL_CTRL_CMD_WAIT, &params, sizeof params)));
    return NULL;
}

/* The first word of the thread's "syscall" file is the number of the call in which it sleeps. */
static bool is_in_ioctl(pid_t tid)
{
    char path[64];
    char text[32] = "";
    int fd;

    (void)snprintf(path, sizeof path, "/proc/self/task/%d/syscall", tid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0) {
        text[0] = '\0';
    }
    if (fd >= 0) {
        close(fd);
    }
    return strtol(text, NULL, 10) == SYS_ioctl;
}

int main(void)
{
    pthread_t thread;

    setlinebuf(stdout);
    pthread_create(&thread, NULL, wait_in_driver, NULL);
    do {
        usleep(LOOK_US);
    } while (!atomic_load(&waiting) || !is_in_ioctl(atomic_load(&waiting)));
    close(node("nvidiactl"));
    pthread_join(thread, NULL);
    return 0;
}
