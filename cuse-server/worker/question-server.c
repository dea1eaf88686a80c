/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/worker/question-server.h"

#include <errno.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/base/pool/reader-pool.h"
#include "cuse-server/proxy/proxy.h"
#include "cuse-server/wire/broker-protocol.h"
#include "cuse-server/wire/seqpacket.h"
#include "cuse-server/worker/doors/whole-call.h"

/* #syscalls:worker close */

typedef struct {
    int socket;
    CallContext *context;
    ReaderPool *pool;
    GMutex lock;         /* guards @running; also held while a call in it is interrupted */
    GHashTable *running; /* thread of the guest -> InterruptibleCall */
} Questions;

/* A question that another thread carries out. @fd: the file that came along, or -1 */
typedef struct {
    WorkerQuestion question;
    int fd;
} Job;

static void answer(const Questions *questions, const WorkerQuestion *question, int error, int fd)
{
    WorkerAnswer reply = {.serial = question->serial, .error = error};

    /* If the broker is gone, it needs no answer, and the worker ends by other means. */
    (void)seqpacket_send(questions->socket, &reply, sizeof reply, error ? -1 : fd);
}

static void log_map(const Questions *questions, const NvFile *file, int error, Refusal refusal)
{
    call_log_add(questions->context->log, &(CallEvent){.device = file->device->name,
                                                       .call = "mmap",
                                                       .refusal = refusal,
                                                       .error = error,
                                                       .status = CALL_NO_STATUS});
}

/* Answer WORKER_MAP. The message holds the host file open, so dropping our reference to it closes nothing that takes time. */
static void answer_map(const Questions *questions, const WorkerQuestion *question)
{
    g_autoptr(NvFile) file = nv_file_table_get(questions->context->proxy->files, question->file);
    int error = EBADF;

    if (file) {
        Refusal refusal;
        error = proxy_map(questions->context->proxy, file, question->map.length,
                          question->map.offset, &refusal);
        log_map(questions, file, error, refusal);
    }
    answer(questions, question, error, file ? nv_file_fd(file) : -1);
}

static RequestResult act(Request *request, void *data)
{
    (void)data;
    return proxy_ioctl(request);
}

/* From here on a signal of the caller ends what the host waits for. */
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

/* Carry out an ioctl whose caller waits at a listener, not in the kernel's CUSE. */
static void carry_out(Questions *questions, const Job *job)
{
    const WorkerQuestion *question = &job->question;
    InterruptibleCall call;
    CallMemory memory;
    g_autoptr(NvFile) file = nv_file_table_get(questions->context->proxy->files, question->file);

    if (!file) {
        close_if_open(job->fd);
        answer(questions, question, EBADF, -1);
        return;
    }
    Request request = {
        .proxy = questions->context->proxy,
        .file = file,
        .command = question->ioctl.command,
        .argument = question->ioctl.argument,
        .tid = question->ioctl.tid,
        .uid = HOST_ANY_USER,
        .started = call_clock(),
    };
    call_memory_init(&memory, job->fd, (int)question->ioctl.denied);
    begin_interruptible(questions, request.tid, &call);
    (void)whole_call_run(&memory, &request, act, NULL); /* this thread may wait */
    end_interruptible(questions, request.tid, &call);
    call_memory_clear(&memory);
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
    case WORKER_TAKE_BACK:
        lent_memories_take_back(questions->context->lent, question->lending);
        answer(questions, question, 0, -1);
        break;
    default:
        answer(questions, question, EINVAL, -1);
        break;
    }
}

/* Take one question. If its answer may wait and this thread may not, leave the question to another thread. */
static ReaderServed serve_broker(unsigned source, gpointer data)
{
    Questions *questions = data;
    Job job = {.fd = -1};
    SeqpacketResult result =
        seqpacket_receive(questions->socket, &job.question, sizeof job.question, &job.fd);

    (void)source; /* there is only one source */
    if (result != SEQPACKET_MESSAGE) {
        return result == SEQPACKET_NOTHING ? READER_NOTHING : READER_OVER;
    }
    if (job.question.op == WORKER_GIVEN) {
        /* Act on it in this thread: a call on the file may already be waiting for this message. */
        file_call_given(questions->context, &job.question, job.fd);
    } else if (job.question.op != WORKER_IOCTL) {
        close_if_open(job.fd);
        answer_at_once(questions, &job.question);
    } else if (reader_pool_may_wait(questions->pool)) {
        carry_out(questions, &job);
    } else {
        reader_pool_leave(questions->pool, g_memdup2(&job, sizeof job));
    }
    return READER_SERVED;
}

static void run_left(gpointer data, gpointer user_data)
{
    g_autofree Job *job = data;

    carry_out(user_data, job);
}

static const ReaderPoolOps pool_ops = {.serve = serve_broker, .run = run_left};

void question_server_start(int socket, CallContext *context, unsigned threads)
{
    Questions *questions = g_new(Questions, 1);

    *questions =
        (Questions){.socket = socket, .context = context, .running = g_hash_table_new(NULL, NULL)};
    g_mutex_init(&questions->lock);
    /* @questions and the pool live as long as the process. */
    questions->pool = reader_pool_new(&(ReaderPoolConfig){
        .name = "worker-questions",
        .ops = &pool_ops,
        .data = questions,
        .sources = &socket,
        .n_sources = 1,
        .workers = threads,
        .look = context->look,
    });
    reader_pool_start(questions->pool);
}
