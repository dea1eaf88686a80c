/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A descriptor's number that refers to one file in one call, and to another in the next: by dup2() and close(), in a child, or
 * in a thread with a table of its own. A file is tied to the control file that has the number now, and may use only the clients
 * of that file.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/rm.h"

/*
 * @number: a descriptor whose file changes
 * @first, @second: control files
 * @clients: of these
 */
typedef struct {
    int number;
    int first;
    int second;
    NvHandle clients[2];
} Files;

static void tie_anew(const char *when, const Files *files)
{
    nv_ioctl_register_fd_t args = {.ctl_fd = files->number};
    int fd = node("nvidiactl");

    bool tied = ioctl(fd, _IOWR(NV_IOCTL_MAGIC, NV_ESC_REGISTER_FD, args), &args) == 0;

    say("%s: %s", when, tied ? "tied" : status(-errno));
    say("  the first's client: %s", status(rm_ask(fd, files->clients[0])));
    say("  the second's client: %s", status(rm_ask(fd, files->clients[1])));
    close(fd);
}

static void exchanged(const Files *files)
{
    int gpu = node("nvidia0");

    tie_anew("the first", files);
    tie_anew("again", files);
    dup2(files->second, files->number);
    tie_anew("the second", files);
    dup2(gpu, files->number);
    tie_anew("a gpu", files);
    dup2(files->first, files->number);
    tie_anew("the first, put back", files);
    close(files->number);
    tie_anew("closed", files);
    dup2(files->first, files->number);
    tie_anew("the first, once more", files);
    close(gpu);
}

/* This is the same file, but the kernel lets no call through it. */
static void without_rights(const Files *files)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", files->first);
    int fd = open(path, O_PATH | O_CLOEXEC);

    tie_anew("with rights", files);
    dup2(fd, files->number);
    tie_anew("without", files);
    dup2(files->first, files->number);
    close(fd);
}

static void in_child(const Files *files)
{
    tie_anew("before the child", files);
    pid_t child = fork();
    if (child == 0) {
        tie_anew("the child, the same", files);
        dup2(files->second, files->number);
        tie_anew("the child, the second", files);
        exit(0);
    }
    waitpid(child, NULL, 0);
    tie_anew("after the child", files);
}

static void *in_table_of_its_own(void *data)
{
    const Files *files = data;

    tie_anew("in a thread", files);
    unshare(CLONE_FILES);
    dup2(files->second, files->number);
    tie_anew("in a table of its own, the second", files);
    return NULL;
}

static void in_thread(Files *files)
{
    pthread_t thread;

    pthread_create(&thread, NULL, in_table_of_its_own, files);
    pthread_join(thread, NULL);
    tie_anew("beside the thread", files);
}

static void released(Files *files)
{
    close(files->first);
    close(files->number);
    dup2(files->second, files->number);
    tie_anew("the second, the first being released", files);
    close(files->number);
    files->first = node("nvidiactl");
    say("another client: %s", status(rm_client(files->first, &files->clients[0])));
    dup2(files->first, files->number);
    tie_anew("another first", files);
}

int main(void)
{
    Files files = {.first = node("nvidiactl"), .second = node("nvidiactl")};

    files.number = dup(files.first);
    section("clients");
    say("the first's: %s", status(rm_client(files.first, &files.clients[0])));
    say("the second's: %s", status(rm_client(files.second, &files.clients[1])));
    section("exchanged");
    exchanged(&files);
    section("without-rights");
    without_rights(&files);
    section("child");
    in_child(&files);
    section("thread");
    in_thread(&files);
    section("released");
    released(&files);
    return 0;
}
