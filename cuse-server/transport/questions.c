/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/transport/questions.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "cuse-server/proxy/proxy.h"
#include "cuse-server/transport/broker-protocol.h"
#include "cuse-server/transport/close-if-open.h"
#include "cuse-server/transport/leader-pool.h"
#include "cuse-server/transport/seqpacket.h"
#include "cuse-server/transport/whole-call.h"

/* #syscalls:worker poll close */

typedef struct {
    int socket;
    CallContext *context;
    GMutex lock;         /* guards @running, and held while one in it is interrupted */
    GHashTable *running; /* thread of the guest -> InterruptibleCall */
} Questions;

/* @fd: what came along, or -1 */
typedef struct {
    WorkerQuestion question;
    int fd;
} Job;

static void answer(const Questions *questions, const WorkerQuestion *question, int error, int fd)
{
    WorkerAnswer reply = {.serial = question->serial, .error = error};

    /* A broker that is gone needs none, and ends us in its own way. */
    (void)seqpacket_send(questions->socket, &reply, sizeof reply, error ? -1 : fd);
}

static void log_map(const Questions *questions, const NvFile *file, int error)
{
    call_log_add(questions->context->log,
                 &(CallEvent){.device = file->device->name,
                              .call = "mmap",
                              .refusal = error ? REFUSAL_MAP : REFUSAL_NONE,
                              .error = error,
                              .status = CALL_NO_STATUS});
}

/* What is sent along holds the file open: dropping our reference closes nothing that takes time. */
static void answer_map(const Questions *questions, const WorkerQuestion *question)
{
    g_autoptr(NvFile) file = nv_file_table_get(questions->context->proxy->files, question->file);
    int error = EBADF;

    if (file) {
        error =
            proxy_map(questions->context->proxy, file, question->map.length, question->map.offset);
        log_map(questions, file, error);
    }
    answer(questions, question, error, file ? nv_file_fd(file) : -1);
}

static RequestResult act(Request *request, void *data)
{
    (void)data;
    return proxy_ioctl(request);
}

/* From here on the caller's signals end what the host waits for. */
static void begin_interruptible(Questions *questions, pid_t tid, InterruptibleCall *call)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&questions->lock);

    interrupts_begin(questions->context->interrupts, call);
    g_hash_table_insert(questions->running, GINT_TO_POINTER(tid), call);
}

static void end_interruptible(Questions *questions, pid_t tid, InterruptibleCall *call)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&questions->lock);

    g_hash_table_remove(questions->running, GINT_TO_POINTER(tid));
    interrupts_end(call);
}

static void interrupt(Questions *questions, pid_t tid)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&questions->lock);
    InterruptibleCall *call = g_hash_table_lookup(questions->running, GINT_TO_POINTER(tid));

    if (call) {
        interrupts_raise(call);
    }
}

/* A call of a guest's that waits at a listener, not in the kernel's CUSE. */
static void run_ioctl(gpointer job, gpointer data)
{
    g_autofree Job *taken = job;
    const WorkerQuestion *question = &taken->question;
    Questions *questions = data;
    InterruptibleCall call;
    g_autoptr(NvFile) file = nv_file_table_get(questions->context->proxy->files, question->file);

    if (!file) {
        close_if_open(taken->fd);
        answer(questions, question, EBADF, -1);
        return;
    }
    Request request = {
        .proxy = questions->context->proxy,
        .file = file,
        .command = question->ioctl.command,
        .argument = question->ioctl.argument,
        .tid = question->ioctl.tid,
        .started = call_clock(),
    };
    begin_interruptible(questions, request.tid, &call);
    whole_call_run(taken->fd, &request, act, NULL);
    end_interruptible(questions, request.tid, &call);
    call_log_ioctl(questions->context, &request);
    answer(questions, question, request.error, -1);
}

static void answer_at_once(Questions *questions, const WorkerQuestion *question)
{
    switch (question->op) {
    case WORKER_MAP:
        answer_map(questions, question);
        break;
    case WORKER_INTERRUPT:
        interrupt(questions, question->ioctl.tid);
        answer(questions, question, 0, -1);
        break;
    default:
        answer(questions, question, EINVAL, -1);
        break;
    }
}

/* The leader's part: it answers by itself what can be answered without waiting. NULL: the broker is
 * gone. */
static gpointer take_question(gpointer data)
{
    Questions *questions = data;
    struct pollfd poll_fd = {.fd = questions->socket, .events = POLLIN};
    SeqpacketResult result = SEQPACKET_NOTHING;

    while (result != SEQPACKET_GONE) {
        Job job = {.fd = -1};
        poll(&poll_fd, 1, -1);
        result = seqpacket_receive(questions->socket, &job.question, sizeof job.question, &job.fd);
        if (result == SEQPACKET_MESSAGE && job.question.op == WORKER_IOCTL) {
            return g_memdup2(&job, sizeof job);
        }
        close_if_open(job.fd);
        if (result == SEQPACKET_MESSAGE) {
            answer_at_once(questions, &job.question);
        }
    }
    return NULL;
}

static void drop_job(gpointer data)
{
    Job *job = data;

    close_if_open(job->fd);
    g_free(job);
}

static const LeaderPoolOps pool_ops = {.take = take_question, .run = run_ioctl, .drop = drop_job};

void questions_serve(int socket, CallContext *context, unsigned threads)
{
    Questions *questions = g_new(Questions, 1);

    *questions =
        (Questions){.socket = socket, .context = context, .running = g_hash_table_new(NULL, NULL)};
    g_mutex_init(&questions->lock);
    /* Both live as long as the process. */
    (void)leader_pool_new("worker-questions", &pool_ops, questions, threads);
}
