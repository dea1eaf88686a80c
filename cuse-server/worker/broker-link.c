/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/worker/broker-link.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <glib.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/worker/broker-ask.h"
#include "cuse-server/worker/kept-descriptors.h"
#include "cuse-server/worker/opened-files.h"
#include "cuse-server/worker/remnant.h"

/* #syscalls:worker ioctl poll close */

struct BrokerLink {
    Host host;
    BrokerAsk asks;
    OpenedFiles files;
    KeptDescriptors *kept; /* or NULL: ask the broker about every descriptor */
    LentMemories *lent;    /* or NULL: ask the broker about every thread */
};

G_STATIC_ASSERT(G_STRUCT_OFFSET(BrokerLink, host) == 0);

static BrokerLink *link_of(Host *host)
{
    return (BrokerLink *)host;
}

static int link_open(Host *host, unsigned device, int flags)
{
    return opened_files_open(&link_of(host)->files, device, flags);
}

static int link_follow(Host *host, int fd)
{
    return opened_files_follow(&link_of(host)->files, fd);
}

static HostRemnant *link_close(Host *host, int fd)
{
    return opened_files_close(&link_of(host)->files, fd);
}

static void link_watch(Host *host, int fd, uint32_t id)
{
    opened_files_watch(&link_of(host)->files, fd, id);
}

void broker_link_next_event(BrokerLink *link, uint32_t *file, unsigned *events)
{
    opened_files_next_event(&link->files, file, events);
}

int broker_link_memory(BrokerLink *link, pid_t tid, BrokerMemory *memory)
{
    BrokerRequest request = {.op = BROKER_MEMORY, .process = {tid}};
    BrokerReply reply;
    int fds[SEQPACKET_FILES_MAX];
    int error = broker_ask_for_files(&link->asks, &request, -1, &reply, fds);

    if (error == 0 && fds[0] >= 0 && fds[1] >= 0) {
        *memory = (BrokerMemory){
            fds[0], fds[1], reply.file, {.id = reply.process, .uid = reply.uid}, reply.lending};
        return 0;
    }
    close_if_open(fds[0]);
    close_if_open(fds[1]);
    return error ? error : EIO;
}

static int link_ioctl(Host *host, const HostCall *call)
{
    (void)host;
    return ioctl(call->fd, call->command, host_call_argument(call)) < 0 ? errno : 0;
}

static bool link_remains(Host *host, const HostRemnant *remnant)
{
    (void)host;
    return remnant_remains(remnant);
}

static void link_forget(Host *host, HostRemnant *remnant)
{
    (void)host;
    remnant_free(remnant);
}

static unsigned link_poll(Host *host, int fd, unsigned events)
{
    struct pollfd poll_fd = {.fd = fd, .events = (short)events};

    (void)host;
    return poll(&poll_fd, 1, 0) > 0 ? (unsigned short)poll_fd.revents : 0;
}

int broker_link_opening(BrokerLink *link, pid_t tid, unsigned device, uint32_t *id)
{
    BrokerRequest request = {.op = BROKER_OPENING, .opening = {tid, device}};
    BrokerReply reply;
    int error = broker_ask_plainly(&link->asks, &request, &reply);

    *id = reply.file;
    return error;
}

static int link_identify(Host *host, pid_t tid, int guest_fd, uint32_t *id)
{
    BrokerLink *link = link_of(host);
    BrokerRequest request = {.op = BROKER_IDENTIFY, .identify = {tid, guest_fd}};
    BrokerReply reply;
    int info = -1;

    if (link->kept && kept_descriptors_find(link->kept, tid, guest_fd, id)) {
        return 0;
    }
    int error = broker_ask(&link->asks, &request, &reply, &info);
    *id = reply.file;
    if (link->kept && info >= 0) {
        const IdentifiedFile file = {reply.file, reply.inode, reply.mount};
        kept_descriptors_keep(link->kept, tid, guest_fd, &file, info);
    } else {
        close_if_open(info);
    }
    return error;
}

static int link_process(Host *host, pid_t tid, uint32_t uid, GuestProcess *process)
{
    const BrokerLink *link = link_of(host);
    BrokerRequest request = {.op = BROKER_PROCESS, .process = {tid}};
    BrokerReply reply;

    if (link->lent && lent_memories_process(link->lent, tid, uid, process)) {
        return 0;
    }
    int error = broker_ask_plainly(&link_of(host)->asks, &request, &reply);
    *process = (GuestProcess){.id = reply.process, .uid = reply.uid};
    return error;
}

static int link_number(Host *host, pid_t tid, uint64_t id, uint32_t *number)
{
    BrokerRequest request = {.op = BROKER_NUMBER, .number = {tid, id}};
    BrokerReply reply;
    int error = broker_ask_plainly(&link_of(host)->asks, &request, &reply);

    *number = reply.number;
    return error;
}

static int link_ioctl_in_guest(Host *host, pid_t tid, const HostCall *call)
{
    void *argument = host_call_argument(call);
    const size_t size = call->buffers[0].size;
    BrokerRequest request = {.op = BROKER_IN_GUEST,
                             .in_guest = {tid, call->command, (uint32_t)size}};
    BrokerReply reply;
    int received = -1;

    g_assert(size <= sizeof request.in_guest.params); /* the proxy's structs, of fixed sizes */
    memcpy(request.in_guest.params, argument, size);
    int error = broker_ask_with(&link_of(host)->asks, &request, call->fd, &reply, &received);
    close_if_open(received);
    if (error == 0) {
        memcpy(argument, reply.params, size);
    }
    return error;
}

static int link_install(Host *host, pid_t tid, unsigned device, int *guest_fd, uint32_t *id)
{
    BrokerRequest request = {.op = BROKER_INSTALL, .install = {tid, device}};
    BrokerReply reply;
    int error = broker_ask_plainly(&link_of(host)->asks, &request, &reply);

    *guest_fd = reply.guest_fd;
    *id = reply.file;
    return error;
}

static const HostOps link_ops = {
    .open = link_open,
    .follow = link_follow,
    .ioctl = link_ioctl,
    .close = link_close,
    .remains = link_remains,
    .forget = link_forget,
    .poll = link_poll,
    .watch = link_watch,
    .identify = link_identify,
    .process = link_process,
    .number = link_number,
    .ioctl_in_guest = link_ioctl_in_guest,
    .install = link_install,
};

BrokerLink *broker_link_new(int socket)
{
    BrokerLink *link = g_new0(BrokerLink, 1);
    link->host.ops = &link_ops;
    broker_ask_init(&link->asks, socket);
    opened_files_init(&link->files, &link->asks);
    return link;
}

void broker_link_keep_descriptors(BrokerLink *link)
{
    link->kept = kept_descriptors_new();
}

void broker_link_know_processes(BrokerLink *link, LentMemories *lent)
{
    link->lent = lent;
}

Host *broker_link_host(BrokerLink *link)
{
    return &link->host;
}

int broker_link_socket(const BrokerLink *link)
{
    return link->asks.socket;
}

bool broker_link_ready(BrokerLink *link)
{
    BrokerRequest request = {.op = BROKER_READY};

    return broker_ask_send(&link->asks, &request);
}

void broker_link_released(BrokerLink *link, uint32_t file)
{
    BrokerRequest request = {.op = BROKER_RELEASED, .released = {file}};

    if (link->kept) {
        kept_descriptors_drop_file(link->kept, file);
    }
    (void)broker_ask_send(&link->asks, &request);
}

void broker_link_notice(BrokerLink *link)
{
    BrokerRequest request = {.op = BROKER_NOTICE};

    /* On failure the broker is gone; the main thread notices that as well. */
    (void)broker_ask_send(&link->asks, &request);
}
