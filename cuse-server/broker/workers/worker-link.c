/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/workers/worker-link.h"

#include <errno.h>
#include <unistd.h>

#include "cuse-server/wire/seqpacket.h"

/* #syscalls:broker close */

struct WorkerLink {
    int socket;
    GMutex lock; /* guards what follows, and every WorkerAsked in it */
    GCond changed;
    FileKey space;
    GHashTable *asked; /* serial -> WorkerAsked */
    uint32_t last_serial;
    bool receiving;  /* one of the waiting threads receives, for all of them */
    unsigned others; /* threads that wait for the receiving one */
    bool gone;
};

WorkerLink *worker_link_new(int socket, FileKey space)
{
    WorkerLink *link = g_new0(WorkerLink, 1);

    link->socket = socket;
    link->space = space;
    g_mutex_init(&link->lock);
    g_cond_init(&link->changed);
    link->asked = g_hash_table_new(NULL, NULL);
    return link;
}

void worker_link_free(WorkerLink *link)
{
    g_hash_table_unref(link->asked);
    g_mutex_clear(&link->lock);
    g_cond_clear(&link->changed);
    g_free(link);
}

/* Hand an answer to the thread that waits for it. The caller holds the lock. Drop an answer that no thread waits for: a worker
 * sends nothing unasked. */
static void deliver(WorkerLink *link, const WorkerAnswer *answer, int fd)
{
    WorkerAsked *asked = g_hash_table_lookup(link->asked, GUINT_TO_POINTER(answer->serial));

    if (asked && !asked->answered) {
        *asked = (WorkerAsked){answer->serial, true, answer->error, fd};
    } else if (fd >= 0) {
        close(fd);
    }
}

/* Receive one answer, to any question. The caller holds the lock; the function releases it while it waits. */
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

void worker_link_renew(WorkerLink *link, int socket, FileKey space)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&link->lock);

    link->gone = true;
    g_cond_broadcast(&link->changed);
    while (g_hash_table_size(link->asked) > 0) {
        g_cond_wait(&link->changed, &link->lock);
    }
    link->socket = socket;
    link->space = space;
    link->gone = false;
}

/* Returns true if @file is a file of the present worker, or 0: no file. The caller holds the lock. */
static bool is_its_file(const WorkerLink *link, FileKey file)
{
    return file == 0 || file_key_space(file) == link->space;
}

void worker_link_send(WorkerLink *link, WorkerQuestion *question, FileKey file, int sent,
                      WorkerAsked *asked)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&link->lock);

    question->serial = ++link->last_serial;
    question->file = file_key_id(file);
    *asked = (WorkerAsked){.serial = question->serial, .error = EIO, .fd = -1};
    /* Send with the lock held. One of the worker's threads takes questions at all times, so there will be room. */
    if (!is_its_file(link, file)) {
        asked->answered = true;
    } else if (!link->gone && seqpacket_send(link->socket, question, sizeof *question, sent)) {
        g_hash_table_insert(link->asked, GUINT_TO_POINTER(asked->serial), asked);
    } else {
        link->gone = true;
        asked->answered = true; /* worker_link_renew() does not wait for this question */
    }
}

int worker_link_wait(WorkerLink *link, WorkerAsked *asked, int *fd)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&link->lock);

    while (!asked->answered && !link->gone) {
        if (link->receiving) {
            link->others++;
            g_cond_wait(&link->changed, &link->lock);
            link->others--;
        } else {
            receive(link);
        }
    }
    g_hash_table_remove(link->asked, GUINT_TO_POINTER(asked->serial));
    if (link->gone) {
        g_cond_broadcast(&link->changed); /* worker_link_renew() waits until @asked is empty */
    }
    *fd = asked->fd;
    return asked->error < 0 ? EIO : asked->error;
}

bool worker_link_tell(WorkerLink *link, WorkerQuestion *question, FileKey file, int sent)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&link->lock);

    question->serial = 0; /* no answer has this serial */
    question->file = file_key_id(file);
    return !link->gone && is_its_file(link, file) &&
           seqpacket_send_now(link->socket, question, sizeof *question, sent);
}

int worker_link_ask(WorkerLink *link, WorkerQuestion *question, FileKey file, int sent, int *fd)
{
    WorkerAsked asked;

    worker_link_send(link, question, file, sent, &asked);
    return worker_link_wait(link, &asked, fd);
}
