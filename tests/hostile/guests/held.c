/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest with a FUSE file system of its own that never answers a flush: a process that closes a file of it waits until the
 * file system is gone, even if it is killed. Many threads make the calls that the broker looks into on such a file; then one
 * more call has to work.
 *
 *     held DIRECTORY N [alone]     with N threads; "alone" without that last call, for native runs
 */
#define FUSE_USE_VERSION 35

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define CONTROL _IOWR(NV_IOCTL_MAGIC, NV_ESC_RM_CONTROL, NVOS54_PARAMETERS)

enum { FILE_INODE = 2, PAGE = 4096, THREADS_MAX = 64 };

/* --- the file system ---------------------------------------------------------------------------- */

static struct stat attributes(fuse_ino_t inode)
{
    return (struct stat){.st_ino = inode,
                         .st_mode = inode == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0666,
                         .st_nlink = 1,
                         .st_size = PAGE};
}

static void on_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    struct fuse_entry_param entry = {.ino = FILE_INODE, .attr = attributes(FILE_INODE)};

    (void)parent;
    if (strcmp(name, "file") == 0) {
        fuse_reply_entry(request, &entry);
    } else {
        fuse_reply_err(request, ENOENT);
    }
}

static void on_getattr(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    const struct stat st = attributes(inode);

    (void)file;
    fuse_reply_attr(request, &st, 0);
}

static void on_open(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    (void)inode;
    fuse_reply_open(request, file);
}

static void on_flush(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    (void)request;
    (void)inode;
    (void)file;
}

static const struct fuse_lowlevel_ops ops = {
    .lookup = on_lookup, .getattr = on_getattr, .open = on_open, .flush = on_flush};

/* The server runs in a process of its own, which is killed when this one ends. */
static pid_t serve(const char *directory)
{
    char name[] = "held";
    char *arguments[] = {name, NULL};
    struct fuse_args args = FUSE_ARGS_INIT(1, arguments);
    struct fuse_session *session = fuse_session_new(&args, &ops, sizeof ops, NULL);

    if (!session || fuse_session_mount(session, directory) != 0) {
        say("a file system: %s", status(-errno));
        exit(EXIT_FAILURE);
    }
    pid_t server = fork();
    if (server == 0) {
        fuse_session_loop(session);
        _exit(0);
    }
    close(fuse_session_fd(session)); /* the file system ends with its server */
    return server;
}

/* --- the calls ---------------------------------------------------------------------------------- */

static struct {
    int file;
    int self;
    int results[THREADS_MAX][3];
} shared;

static int error_of(int64_t result)
{
    return result < 0 ? errno : 0;
}

/* The native results: no such call; no such mapping, or a mapping; another descriptor. */
static void *call(void *data)
{
    int *results = data;
    NVOS54_PARAMETERS params = {.hClient = 0};

    results[0] = error_of(ioctl(shared.file, CONTROL, &params));
    results[1] =
        error_of((intptr_t)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, shared.file, 0) == -1 ? -1 : 0);
    results[2] = error_of(pidfd_getfd(shared.self, shared.file, 0));
    return NULL;
}

static void call_all(unsigned n)
{
    pthread_t threads[THREADS_MAX];

    for (unsigned i = 0; i < n; i++) {
        pthread_create(&threads[i], NULL, call, shared.results[i]);
    }
    for (unsigned i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
    }
    for (unsigned i = 1; i < n; i++) {
        if (memcmp(shared.results[i], shared.results[0], sizeof shared.results[0]) != 0) {
            say("thread %u got something else than the first", i);
        }
    }
    say("ioctl: %s", status(-shared.results[0][0]));
    say("mmap: %s", status(-shared.results[0][1]));
    say("pidfd_getfd: %s", status(-shared.results[0][2]));
}

int main(int argc, char **argv)
{
    const char *directory = argc > 2 ? argv[1] : ".";
    const unsigned n = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    pid_t server = serve(directory);

    if (chdir(directory) < 0 || (shared.file = open("file", O_RDWR)) < 0) {
        say("a file: %s", status(-errno));
        return EXIT_FAILURE;
    }
    shared.self = pidfd_open(getpid(), 0);
    call_all(n < THREADS_MAX ? n : THREADS_MAX);
    if (argc == 3) {
        Tree t = tree();
        tree_close(&t);
        say("with them held: done");
    }
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    return 0;
}
