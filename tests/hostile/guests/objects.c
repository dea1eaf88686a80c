/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that makes as many objects as it can.
 *
 *     objects deep N          each below the last, at most N; then free all of them, and start again
 *     objects wide N          side by side
 *     objects duplicates N    one, duplicated from one client to the other and back
 *     objects pending N MS    N threads that wait in the driver at once, each for MS milliseconds
 *     objects abandoned N     a process is killed while N threads of it wait in the driver
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define PAGE 4096UL

enum { LONG_MS = 600000, THREADS_MAX = 1024 };

/* A class that may be below any other. */
static int64_t below(const Tree *t, NvHandle parent, NvHandle handle)
{
    Params params = class_params(NV01_CONTEXT_DMA);

    params_put(&params, "hMemory", 0, H_OTHER);
    params_put(&params, "limit", 0, PAGE - 1);
    int64_t result = rm_alloc(t->ctl, t->client, parent, handle, NV01_CONTEXT_DMA, params.data);
    params_free(&params);
    return result;
}

static int64_t make(const Tree *t, bool deep, long most, long *made)
{
    int64_t result = 0;

    for (*made = 0; *made < most; ++*made) {
        NvHandle handle = H_LAST + (NvHandle)*made;
        result = below(t, deep && *made ? handle - 1 : H_DEVICE, handle);
        if (result != 0) {
            break;
        }
    }
    return result;
}

/* Objects that were freed can be allocated again. */
static void pile_up(bool deep, long most)
{
    for (int round = 0; round < 2; round++) {
        long made = 0;
        Tree t = tree();
        int64_t result = memory_new(&t, H_OTHER, NV01_MEMORY_SYSTEM, PAGE);
        result = result ? result : make(&t, deep, most, &made);
        say("%ld, then %s", made, status(result));
        say("freed: %s", status(rm_free(t.ctl, t.client, round == 0 ? t.client : H_DEVICE)));
        tree_close(&t);
    }
}

static int64_t duplicate(const Tree *from, NvHandle source, const Tree *to, NvHandle handle)
{
    NVOS55_PARAMETERS args = {.hClient = to->client,
                              .hParent = H_DEVICE,
                              .hObject = handle,
                              .hClientSrc = from->client,
                              .hObjectSrc = source};

    return ioctl_status(to->ctl, NV_ESC_RM_DUP_OBJECT, &args, sizeof args,
                        offsetof(NVOS55_PARAMETERS, status));
}

static void duplicates(long most)
{
    Tree trees[2] = {tree(), tree()};
    int64_t result = memory_new(&trees[0], H_LAST, NV01_MEMORY_SYSTEM, PAGE);
    NvU32 value = 0;
    long made = 0;

    while (result == 0 && made < most) {
        NvHandle last = H_LAST + (NvHandle)made;
        result = duplicate(&trees[made % 2], last, &trees[(made + 1) % 2], last + 1);
        made += result == 0;
    }
    say("%ld, then %s", made, status(result));
    say("first freed: %s", status(rm_free(trees[0].ctl, trees[0].client, trees[0].client)));
    say("the other's: %s", status(gpu_read(&trees[1], H_LAST + 1, 0, &value)));
    tree_close(&trees[0]);
    tree_close(&trees[1]);
}

/* --- pending calls ----------------------------------------------------------------------------- */

typedef struct {
    const Tree *tree;
    NvU32 milliseconds;
    int64_t result;
} Waiter;

static void *wait_in_driver(void *data)
{
    Waiter *waiter = data;
    const Tree *t = waiter->tree;
    MODEL_CTRL_WAIT_PARAMS params = {.milliseconds = waiter->milliseconds};

    waiter->result =
        rm_control(t->ctl, t->client, H_BINAPI, MODEL_CTRL_CMD_WAIT, &params, sizeof params);
    return NULL;
}

static void wait_all(const Tree *t, unsigned n, NvU32 milliseconds)
{
    static pthread_t threads[THREADS_MAX];
    static Waiter waiters[THREADS_MAX];
    unsigned good = 0;

    for (unsigned i = 0; i < n; i++) {
        waiters[i] = (Waiter){.tree = t, .milliseconds = milliseconds};
        pthread_create(&threads[i], NULL, wait_in_driver, &waiters[i]);
    }
    for (unsigned i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
        good += waiters[i].result == 0;
    }
    say("%u waited, %u well", n, good);
}

static void abandoned(const Tree *t, unsigned n)
{
    NvHandle client = 0;
    pid_t child = fork();

    if (child == 0) {
        Tree own = tree();
        wait_all(&own, n, LONG_MS);
        _exit(0);
    }
    sleep(1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    say("afterwards: %s", status(rm_client(t->ctl, &client)));
}

int main(int argc, char **argv)
{
    const char *what = argc >= 3 ? argv[1] : "";
    long n = argc >= 3 ? strtol(argv[2], NULL, 10) : 0;

    setlinebuf(stdout);
    if (strcmp(what, "deep") == 0 || strcmp(what, "wide") == 0) {
        pile_up(strcmp(what, "deep") == 0, n);
        return 0;
    }
    if (strcmp(what, "duplicates") == 0) {
        duplicates(n);
        return 0;
    }
    if (n < 1 || n > THREADS_MAX) {
        fprintf(stderr, "usage: objects deep|wide|duplicates|abandoned N | pending N MS\n");
        return 2;
    }
    Tree t = tree();
    if (strcmp(what, "pending") == 0 && argc == 4) {
        wait_all(&t, (unsigned)n, (NvU32)strtoul(argv[3], NULL, 10));
    } else {
        abandoned(&t, (unsigned)n);
    }
    return 0;
}
