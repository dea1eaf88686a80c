/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/worker/broker-ask.h"

#include <errno.h>
#include <string.h>

#include "cuse-server/base/close-if-open.h"

/* #syscalls:worker close */

/* A question in progress. It lives on the stack of the thread that waits for the answer. */
typedef struct {
    bool answered;
    GCond changed;
    BrokerReply reply;
    int fds[SEQPACKET_FILES_MAX];
} Question;

/* With the lock held: hand a reply to the thread that asked for it. If no thread did, close the reply's files. */
static void deliver(BrokerAsk *asks, const BrokerReply *reply, int fds[SEQPACKET_FILES_MAX])
{
    Question *question = g_hash_table_lookup(asks->questions, GUINT_TO_POINTER(reply->serial));

    if (question && !question->answered) {
        question->reply = *reply;
        memcpy(question->fds, fds, sizeof question->fds);
        question->answered = true;
        g_cond_signal(&question->changed);
    } else {
        close_if_open(fds[0]);
        close_if_open(fds[1]);
    }
}

/* Wait for one reply to any question. The caller holds the lock before and after; it is released while waiting. */
static void receive(BrokerAsk *asks)
{
    BrokerReply reply;
    int fds[SEQPACKET_FILES_MAX];

    asks->receiving = true;
    g_mutex_unlock(&asks->lock);
    SeqpacketResult result = seqpacket_wait_files(asks->socket, &reply, sizeof reply, fds);
    g_mutex_lock(&asks->lock);
    asks->receiving = false;
    if (result == SEQPACKET_MESSAGE) {
        deliver(asks, &reply, fds);
    } else if (result == SEQPACKET_GONE) {
        asks->gone = true;
    }
}

/* With the lock held: wake one other waiting thread. It receives from now on, or sees that the broker is gone. */
static void pass_on(const BrokerAsk *asks)
{
    GHashTableIter iter;
    gpointer question;

    g_hash_table_iter_init(&iter, asks->questions);
    while (g_hash_table_iter_next(&iter, NULL, &question)) {
        if (!((const Question *)question)->answered) {
            g_cond_signal(&((Question *)question)->changed);
            return;
        }
    }
}

/* With the lock held: wait for the answer. The asking thread itself receives, unless another one already does: so no thread
 * is woken only to wake another. */
static void wait_for_answer(BrokerAsk *asks, Question *question)
{
    while (!question->answered && !asks->gone) {
        if (asks->receiving) {
            g_cond_wait(&question->changed, &asks->lock);
        } else {
            receive(asks);
        }
    }
}

int broker_ask_for_files(BrokerAsk *asks, BrokerRequest *request, int sent_fd, BrokerReply *reply,
                         int fds[SEQPACKET_FILES_MAX])
{
    Question question = {.fds = {-1, -1}};

    g_cond_init(&question.changed);
    g_mutex_lock(&asks->lock);
    request->serial = ++asks->last_serial;
    g_hash_table_insert(asks->questions, GUINT_TO_POINTER(request->serial), &question);
    g_mutex_unlock(&asks->lock);

    const bool sent = seqpacket_send(asks->socket, request, sizeof *request, sent_fd);

    g_mutex_lock(&asks->lock);
    if (sent) {
        wait_for_answer(asks, &question);
    }
    g_hash_table_remove(asks->questions, GUINT_TO_POINTER(request->serial));
    if (!asks->receiving) {
        pass_on(asks);
    }
    g_mutex_unlock(&asks->lock);
    g_cond_clear(&question.changed);

    memcpy(fds, question.fds, sizeof question.fds);
    *reply = question.reply;
    return question.answered ? question.reply.error : EIO;
}

int broker_ask_with(BrokerAsk *asks, BrokerRequest *request, int sent_fd, BrokerReply *reply,
                    int *fd)
{
    int fds[SEQPACKET_FILES_MAX];
    int error = broker_ask_for_files(asks, request, sent_fd, reply, fds);

    *fd = fds[0];
    close_if_open(fds[1]);
    return error;
}

int broker_ask(BrokerAsk *asks, BrokerRequest *request, BrokerReply *reply, int *fd)
{
    return broker_ask_with(asks, request, -1, reply, fd);
}

int broker_ask_plainly(BrokerAsk *asks, BrokerRequest *request, BrokerReply *reply)
{
    int fd = -1;
    int error = broker_ask(asks, request, reply, &fd);

    close_if_open(fd);
    return error;
}

bool broker_ask_send(BrokerAsk *asks, const BrokerRequest *request)
{
    return seqpacket_send(asks->socket, request, sizeof *request, -1);
}

void broker_ask_init(BrokerAsk *asks, int socket)
{
    *asks = (BrokerAsk){.socket = socket, .questions = g_hash_table_new(NULL, NULL)};
    g_mutex_init(&asks->lock);
}
