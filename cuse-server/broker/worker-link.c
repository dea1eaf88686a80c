/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/worker-link.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "cuse-server/transport/seqpacket.h"

/* #syscalls:broker poll close */

/* On the stack of the thread that waits for the answer. */
typedef struct {
    bool answered;
    int error;
    int fd;
} Waiting;

struct WorkerLink {
    int socket;
    GMutex lock; /* guards what follows, and every Waiting in it */
    GCond changed;
    GHashTable *waiting; /* serial -> Waiting */
    uint32_t last_serial;
    bool receiving;  /* one of those that wait does it for all of them */
    unsigned others; /* that wait for it */
    bool gone;
};

WorkerLink *worker_link_new(int socket)
{
    WorkerLink *link = g_new0(WorkerLink, 1);

    link->socket = socket;
    g_mutex_init(&link->lock);
    g_cond_init(&link->changed);
    link->waiting = g_hash_table_new(NULL, NULL);
    return link;
}

void worker_link_free(WorkerLink *link)
{
    g_hash_table_unref(link->waiting);
    g_mutex_clear(&link->lock);
    g_cond_clear(&link->changed);
    g_free(link);
}

/* With the lock held. What nobody waits for was not asked: a worker has nothing of its own to say. */
static void deliver(WorkerLink *link, const WorkerAnswer *answer, int fd)
{
    Waiting *waiting = g_hash_table_lookup(link->waiting, GUINT_TO_POINTER(answer->serial));

    if (waiting && !waiting->answered) {
        *waiting = (Waiting){true, answer->error, fd};
    } else if (fd >= 0) {
        close(fd);
    }
}

/* Wait for one answer, anybody's. The lock is held before and after, not in between. */
static void receive(WorkerLink *link)
{
    WorkerAnswer answer;
    int fd = -1;

    link->receiving = true;
    g_mutex_unlock(&link->lock);
    SeqpacketResult result = seqpacket_wait(link->socket, &answer, sizeof answer, &fd);
    g_mutex_lock(&link->lock);
    link->receiving = false;
    if (result == SEQPACKET_MESSAGE) {
        deliver(link, &answer, fd);
    } else if (result == SEQPACKET_GONE) {
        link->gone = true;
    }
    if (link->others > 0) {
        g_cond_broadcast(&link->changed);
    }
}

void worker_link_renew(WorkerLink *link, int socket)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&link->lock);

    link->gone = true;
    g_cond_broadcast(&link->changed);
    while (g_hash_table_size(link->waiting) > 0) {
        g_cond_wait(&link->changed, &link->lock);
    }
    link->socket = socket;
    link->gone = false;
}

int worker_link_ask(WorkerLink *link, WorkerQuestion *question, int sent, int *fd)
{
    Waiting waiting = {.error = EIO, .fd = -1};
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&link->lock);

    question->serial = ++link->last_serial;
    g_hash_table_insert(link->waiting, GUINT_TO_POINTER(question->serial), &waiting);
    /* Under the lock: the worker's leader takes questions at all times, so there is room. */
    if (link->gone || !seqpacket_send(link->socket, question, sizeof *question, sent)) {
        link->gone = true;
    }
    while (!waiting.answered && !link->gone) {
        if (link->receiving) {
            link->others++;
            g_cond_wait(&link->changed, &link->lock);
            link->others--;
        } else {
            receive(link);
        }
    }
    g_hash_table_remove(link->waiting, GUINT_TO_POINTER(question->serial));
    g_cond_broadcast(&link->changed);
    *fd = waiting.fd;
    return waiting.error < 0 ? EIO : waiting.error;
}
