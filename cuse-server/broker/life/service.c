/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/life/service.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/base/pool/reader-pool.h"
#include "cuse-server/broker/life/service-answers.h"

/*
 * #syscalls:broker poll write shutdown pidfd_send_signal close
 */

struct Service {
    ServiceConfig config;
    ReaderPool *pool;
    gint unanswered; /* atomic */
    GMutex lock;
    GCond changed;
    bool ready;
    bool gone;
};

/* Kill a worker that checks calls by the tables of a driver that is no longer loaded. */
static void end_changed(const Service *service)
{
    g_atomic_int_set(service->config.driver_changed, 1);
    (void)pidfd_send_signal(service->config.worker, SIGKILL, NULL, 0);
}

static void answer(gpointer data, gpointer user_data)
{
    g_autofree ServiceQuestion *question = data;
    Service *service = user_data;
    ServiceAnswer answer = {.reply.serial = question->request.serial, .fds = {-1, -1}};

    answer.reply.error = service_find_answer(&service->config, question, &answer);
    if (answer.driver_changed) {
        end_changed(service);
    }
    g_atomic_int_dec_and_test(&service->unanswered);
    /* Ignore errors: a worker that has ended needs no answer, and the main loop watches its pidfd. */
    (void)seqpacket_send_files(service->config.socket, &answer.reply, sizeof answer.reply,
                               answer.fds, answer.reply.error ? 0 : answer.n_fds);
    close_if_open(answer.fds[0]);
    close_if_open(answer.fds[1]);
    close_if_open(question->fd);
}

/*
 * Answer BROKER_OPENING at once, in the thread that read the question: one of the worker's readers waits for the answer,
 * and other threads wait for that reader.
 */
static void answer_opening(const Service *service, const BrokerRequest *request)
{
    BrokerReply reply = {.serial = request->serial};

    reply.file = stand_ins_opening(service->config.files.stand_ins, request->opening.tid,
                                   request->opening.device);
    reply.error = reply.file ? 0 : EACCES;
    (void)seqpacket_send(service->config.socket, &reply, sizeof reply, -1);
}

static void question_drop(gpointer data)
{
    ServiceQuestion *question = data;

    close_if_open(question->fd);
    g_free(question);
}

static void set_flag(Service *service, bool *flag)
{
    g_mutex_lock(&service->lock);
    *flag = true;
    g_cond_broadcast(&service->changed);
    g_mutex_unlock(&service->lock);
}

/*
 * Kill a worker that sent nonsense. If both ends of the socket are still open, the worker has not ended, and was not told to
 * end: so it sent a message that no worker sends. It is compromised, and would leave its guests waiting for ever.
 */
static void end_nonsense(const Service *service)
{
    struct pollfd poll_fd = {.fd = service->config.socket};

    if (poll(&poll_fd, 1, 0) == 0) {
        g_printerr("nvcuse: protocol error: invalid message from the worker; killing it\n");
        (void)pidfd_send_signal(service->config.worker, SIGKILL, NULL, 0);
    }
    /* Let sends of answers that are in progress fail instead of waiting for room. */
    shutdown(service->config.socket, SHUT_RDWR);
}

/* Forget the opener of a file. A service belongs to one worker, and ends before there are files of the next worker. */
static void forget_opener(const ServiceConfig *config, uint32_t id)
{
    openers_forget(config->openers, stand_ins_key(config->files.stand_ins, id));
}

/* Receive a question if there is one. Close the file that came along, unless the question is BROKER_IN_GUEST. */
static SeqpacketResult receive(const Service *service, ServiceQuestion *question)
{
    SeqpacketResult result = seqpacket_receive(service->config.socket, &question->request,
                                               sizeof question->request, &question->fd);

    if (question->fd >= 0 &&
        (result != SEQPACKET_MESSAGE || question->request.op != BROKER_IN_GUEST)) {
        close(question->fd);
        question->fd = -1;
    }
    return result;
}

/* Carry out a request that needs no waiting. Returns false if the request is of another kind. */
static bool do_at_once(Service *service, const BrokerRequest *request)
{
    switch (request->op) {
    case BROKER_OPENING:
        answer_opening(service, request);
        return true;
    case BROKER_RELEASED:
        forget_opener(&service->config, request->released.file);
        return true;
    case BROKER_READY:
        set_flag(service, &service->ready);
        return true;
    case BROKER_NOTICE:
        eventfd_write(service->config.notices, 1);
        return true;
    default:
        return false;
    }
}

/* Answer a question now, or leave it for another thread. Returns false if the worker has more unanswered questions than
 * threads that could wait for the answers. */
static bool do_question(Service *service, ServiceQuestion *question)
{
    if (g_atomic_int_add(&service->unanswered, 1) >= (gint)service->config.threads) {
        question_drop(question);
        return false;
    }
    if (reader_pool_may_wait(service->pool)) {
        answer(question, service);
    } else {
        reader_pool_leave(service->pool, question);
    }
    return true;
}

/* Take and handle a question if there is one. Returns READER_OVER if the worker has ended, or sent nonsense: then it is
 * compromised. */
static ReaderServed serve_worker(unsigned source, gpointer data)
{
    Service *service = data;
    ServiceQuestion question = {.fd = -1};
    SeqpacketResult result = receive(service, &question);

    (void)source; /* there is only one source */
    if (result == SEQPACKET_NOTHING) {
        return READER_NOTHING;
    }
    if (result == SEQPACKET_MESSAGE &&
        (do_at_once(service, &question.request) ||
         do_question(service, g_memdup2(&question, sizeof question)))) {
        return READER_SERVED;
    }
    end_nonsense(service);
    set_flag(service, &service->gone);
    return READER_OVER;
}

static const ReaderPoolOps pool_ops = {.serve = serve_worker, .run = answer, .drop = question_drop};

Service *service_start(const ServiceConfig *config)
{
    Service *service = g_new0(Service, 1);

    service->config = *config;
    g_mutex_init(&service->lock);
    g_cond_init(&service->changed);
    service->pool = reader_pool_new(&(ReaderPoolConfig){
        .name = "broker-serve",
        .ops = &pool_ops,
        .data = service,
        .sources = &service->config.socket,
        .n_sources = 1,
        .workers = config->threads,
        .ends = true,
    });
    reader_pool_start(service->pool);
    return service;
}

bool service_wait_ready(Service *service, unsigned seconds)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)seconds * G_TIME_SPAN_SECOND;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&service->lock);

    while (!service->ready && !service->gone &&
           g_cond_wait_until(&service->changed, &service->lock, deadline)) {
    }
    return service->ready && !service->gone;
}

void service_stop(Service *service)
{
    reader_pool_free(service->pool);
    g_mutex_clear(&service->lock);
    g_cond_clear(&service->changed);
    g_free(service);
}
