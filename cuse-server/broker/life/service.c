/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/life/service.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/base/pool/reader-pool.h"
#include "cuse-server/broker/guests/guest-ioctl.h"
#include "cuse-server/broker/guests/notification.h"
#include "cuse-server/broker/identity/caller-memory.h"
#include "cuse-server/broker/identity/guest-thread.h"
#include "cuse-server/inventory/host-file.h"
#include "cuse-server/wire/broker-protocol.h"
#include "cuse-server/wire/seqpacket.h"

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

/* A question of the worker. @fd: the file that the worker sent along, or -1 */
typedef struct {
    BrokerRequest request;
    int fd;
} Question;

/* The answer to a question. @fds: the files that go along if there is no error */
typedef struct {
    BrokerReply reply;
    int fds[SEQPACKET_FILES_MAX];
    unsigned n_fds;
} Answer;

static int answer_open(const Service *service, const BrokerRequest *request, int *fd)
{
    const ServiceConfig *config = &service->config;
    const HostFiles files = {config->devices, config->n_devices, config->simulated};

    *fd =
        host_files_open(&files, config->host_nodes, request->open.device, (int)request->open.flags);
    return *fd < 0 ? errno : 0;
}

/*
 * Identify a guest's descriptor. If the thread's call waits in a notification, the thread is a guest's, and needs no check
 * against @members.
 */
static int find_file(const ServiceConfig *config, const BrokerRequest *request, FileKey *key,
                     GuestDescriptor *seen)
{
    GuestCall *call = guest_calls_use(config->calls, request->identify.tid);
    int file = -1;

    if (!call) {
        return guest_file_identify(&config->files, request->identify.tid, request->identify.fd, key,
                                   seen);
    }
    const struct seccomp_notif notif = {.id = call->id, .pid = (uint32_t)call->tid};
    int error = guest_file_identify_waiting(&config->files, call->listener, &notif,
                                            request->identify.fd, key, &file);
    close_if_open(file);
    guest_calls_unuse(config->calls, call);
    return error;
}

static int answer_identify(const Service *service, const BrokerRequest *request, Answer *answer)
{
    FileKey key = 0;
    GuestDescriptor seen = {.info = -1};
    int error = find_file(&service->config, request, &key, &seen);

    answer->reply.file = file_key_id(key);
    answer->reply.inode = seen.inode;
    answer->reply.mount = seen.mount;
    answer->fds[0] = seen.info;
    answer->n_fds = seen.info >= 0 ? 1 : 0;
    return error;
}

static int answer_process(const Service *service, const BrokerRequest *request, BrokerReply *reply)
{
    GuestProcess process;

    if (!guest_thread_process(service->config.members, request->process.tid, &process)) {
        return ESRCH;
    }
    reply->process = process.id;
    reply->uid = process.uid;
    return 0;
}

static int answer_number(const Service *service, const BrokerRequest *request, BrokerReply *reply)
{
    return guest_thread_number(service->config.members, request->number.tid,
                               request->number.process, &reply->number)
               ? 0
               : ESRCH;
}

/*
 * Open a device without a node for a guest. This thread may wait for that open: only for this kind of device the worker
 * answers an open without waiting for anything itself (worker/doors/file-calls.c).
 */
static int open_for_guest(const ServiceConfig *config, const BrokerRequest *request,
                          const GuestCall *call, BrokerReply *reply)
{
    g_autofree char *directory = g_strdup_printf("/proc/%d", call->tid);
    GuestRights *rights = guest_rights_read(directory, true);

    if (!rights) {
        return ESRCH;
    }
    FileKey key;
    int fd = stand_ins_open(config->files.stand_ins, request->install.device, O_RDWR, &key);
    if (fd < 0) {
        int error = errno;
        guest_rights_unref(rights);
        return error;
    }
    openers_note(config->openers, key, rights);
    reply->file = file_key_id(key);
    /* This succeeds only if the caller still waits. So its thread id was not reused, and @rights are those of the caller. */
    reply->guest_fd = notification_add(call->listener, call->id, fd, O_CLOEXEC);
    close(fd);
    return reply->guest_fd < 0 ? -reply->guest_fd : 0;
}

static int answer_install(const Service *service, const BrokerRequest *request, BrokerReply *reply)
{
    const ServiceConfig *config = &service->config;

    if (request->install.device >= config->n_devices ||
        device_has_node(&config->devices[request->install.device])) {
        return EINVAL;
    }
    GuestCall *call = guest_calls_use(config->calls, request->install.tid);
    if (!call) {
        return EOPNOTSUPP;
    }
    int error = open_for_guest(config, request, call, reply);
    guest_calls_unuse(config->calls, call);
    return error;
}

/* Returns true if agents make this ioctl, and @fd is the host's file of a device that has it. A blank file has no ioctl. */
static bool may_be_in_guest(const ServiceConfig *config, const BrokerRequest *request, int fd)
{
    const HostFiles files = {config->devices, config->n_devices, .simulated = false};
    DeviceKind kind;

    return request->in_guest.size <= BROKER_PARAMS_MAX &&
           guest_ioctl_needs_agent(request->in_guest.command, &kind) &&
           host_files_have_kind(&files, fd, kind);
}

/* Let an agent make an ioctl in the guest's process. The guest must be waiting in an ioctl with the same command. */
static int answer_in_guest(const Service *service, const Question *question, BrokerReply *reply)
{
    const ServiceConfig *config = &service->config;
    const BrokerRequest *request = &question->request;
    AgentIoctl what = {question->fd, request->in_guest.command, reply->params,
                       request->in_guest.size};
    GuestCall *call;

    if (!may_be_in_guest(config, request, question->fd)) {
        return EINVAL;
    }
    call = guest_calls_use(config->calls, request->in_guest.tid);
    if (!call) {
        return EOPNOTSUPP;
    }
    bool same = call->command == what.command;
    pid_t group = guest_thread_group(call->tid);
    /* If the caller still waits, its thread id had not been reused when its thread group was looked up. */
    if (!notification_is_valid(call->listener, call->id)) {
        group = -1;
    }
    guest_calls_unuse(config->calls, call);
    if (!same || group < 0) {
        return same ? ESRCH : EPERM;
    }
    memcpy(reply->params, request->in_guest.params, what.size);
    return agents_ioctl(config->agents, group, &what);
}

/* Give the worker access to the memory of a thread that is in a call on a file. */
static int answer_memory(const Service *service, const BrokerRequest *request, Answer *answer)
{
    const ServiceConfig *config = &service->config;
    const CallerRule rule = {config->members, guest_file_which, &config->files, config->openers,
                             config->agents};
    CallerMemory memory;
    int error = caller_memory_open(&rule, request->process.tid, &memory);

    if (error == 0) {
        answer->fds[0] = memory.memory;
        answer->fds[1] = memory.thread;
        answer->n_fds = 2;
        answer->reply.file = file_key_id(memory.file);
        answer->reply.process = memory.process.id;
        answer->reply.uid = memory.process.uid;
        answer->reply.lending = memory.lending;
    }
    return error;
}

static int find_answer(const Service *service, const Question *question, Answer *answer)
{
    const BrokerRequest *request = &question->request;

    switch (request->op) {
    case BROKER_OPEN:
        answer->n_fds = 1;
        return answer_open(service, request, &answer->fds[0]);
    case BROKER_IDENTIFY:
        return answer_identify(service, request, answer);
    case BROKER_PROCESS:
        return answer_process(service, request, &answer->reply);
    case BROKER_NUMBER:
        return answer_number(service, request, &answer->reply);
    case BROKER_INSTALL:
        return answer_install(service, request, &answer->reply);
    case BROKER_IN_GUEST:
        return answer_in_guest(service, question, &answer->reply);
    case BROKER_MEMORY:
        return answer_memory(service, request, answer);
    default:
        return EINVAL;
    }
}

static void answer(gpointer data, gpointer user_data)
{
    g_autofree Question *question = data;
    Service *service = user_data;
    Answer answer = {.reply.serial = question->request.serial, .fds = {-1, -1}};

    answer.reply.error = find_answer(service, question, &answer);
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
    Question *question = data;

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
        g_printerr("nvcuse: the worker sent the broker what no worker sends, and is killed\n");
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
static SeqpacketResult receive(const Service *service, Question *question)
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
static bool do_question(Service *service, Question *question)
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
    Question question = {.fd = -1};
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
