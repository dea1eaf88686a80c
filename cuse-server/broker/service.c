/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/service.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cuse-server/broker/guest-thread.h"
#include "cuse-server/broker/node-fs.h"
#include "cuse-server/transport/broker-protocol.h"
#include "cuse-server/transport/leader-pool.h"
#include "cuse-server/transport/seqpacket.h"

struct Service {
    ServiceConfig config;
    LeaderPool *pool;
    gint unanswered; /* atomic */
    GMutex lock;
    GCond changed;
    bool ready;
    bool gone;
};

static int answer_open(const Service *service, const BrokerRequest *request, int *fd)
{
    const ServiceConfig *config = &service->config;

    if (request->open.device >= config->n_devices) {
        return EINVAL;
    }
    *fd = node_fs_open(config->host_nodes, "dev", config->devices[request->open.device].name,
                       (int)request->open.flags & O_ACCMODE);
    return *fd < 0 ? errno : 0;
}

/* Is this one of our CUSE files? By device number: the slot's block of minors is this instance's
 * alone. */
static bool is_own_device(const ServiceConfig *config, int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
           major(st.st_rdev) == config->slot.major_no &&
           minor(st.st_rdev) - config->slot.first_minor < config->n_devices;
}

/*
 * The duplicate is handed out to be closed only after the answer was sent: its close may be the
 * last, and then waits for the worker's release threads.
 */
static int answer_identify(const Service *service, const BrokerRequest *request, uint32_t *file,
                           int *duplicate)
{
    const ServiceConfig *config = &service->config;
    int id;

    *duplicate = guest_thread_dup(request->identify.tid, request->identify.fd);
    if (*duplicate < 0 || !is_own_device(config, *duplicate)) {
        return EBADF;
    }
    id = ioctl(*duplicate, IDENTIFY_COMMAND, config->secret);
    if (id <= 0) {
        return EBADF;
    }
    *file = (uint32_t)id;
    return 0;
}

static void answer(gpointer data, gpointer user_data)
{
    g_autofree BrokerRequest *request = data;
    Service *service = user_data;
    BrokerReply reply = {.serial = request->serial, .error = EINVAL};
    int opened = -1;
    int duplicate = -1;

    if (request->op == BROKER_OPEN) {
        reply.error = answer_open(service, request, &opened);
    } else if (request->op == BROKER_IDENTIFY) {
        reply.error = answer_identify(service, request, &reply.file, &duplicate);
    }
    g_atomic_int_dec_and_test(&service->unanswered);
    /* A worker that is gone needs no answer, and the main loop hears of it in its own way. */
    (void)seqpacket_send(service->config.socket, &reply, sizeof reply, opened);
    if (opened >= 0) {
        close(opened);
    }
    if (duplicate >= 0) {
        close(duplicate);
    }
}

static void set_flag(Service *service, bool *flag)
{
    g_mutex_lock(&service->lock);
    *flag = true;
    g_cond_broadcast(&service->changed);
    g_mutex_unlock(&service->lock);
}

/*
 * Wait for a question. NULL: the worker is gone, or is not ours any more: it sent what is no
 * question, or has asked more at once than it has threads to wait for answers.
 */
static gpointer take_question(gpointer data)
{
    Service *service = data;
    struct pollfd poll_fd = {.fd = service->config.socket, .events = POLLIN};
    SeqpacketResult result = SEQPACKET_NOTHING;

    while (result != SEQPACKET_GONE) {
        BrokerRequest request;
        int fd = -1;
        poll(&poll_fd, 1, -1);
        result = seqpacket_receive(service->config.socket, &request, sizeof request, &fd);
        if (fd >= 0) { /* workers have nothing to send */
            close(fd);
        }
        if (result != SEQPACKET_MESSAGE) {
            continue;
        }
        if (request.op == BROKER_READY) {
            set_flag(service, &service->ready);
        } else if (g_atomic_int_add(&service->unanswered, 1) < (gint)service->config.threads) {
            return g_memdup2(&request, sizeof request);
        } else {
            result = SEQPACKET_GONE;
        }
    }
    set_flag(service, &service->gone);
    return NULL;
}

static const LeaderPoolOps pool_ops = {.take = take_question, .run = answer, .drop = g_free};

Service *service_start(const ServiceConfig *config)
{
    Service *service = g_new0(Service, 1);

    service->config = *config;
    g_mutex_init(&service->lock);
    g_cond_init(&service->changed);
    service->pool = leader_pool_new("broker-serve", &pool_ops, service, config->threads);
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
    leader_pool_free(service->pool);
    g_mutex_clear(&service->lock);
    g_cond_clear(&service->changed);
    g_free(service);
}
