/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/worker/broker-link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/wire/broker-protocol.h"
#include "cuse-server/wire/seqpacket.h"
#include "cuse-server/worker/kept-descriptors.h"
#include "cuse-server/worker/remnant.h"

/*
 * #syscalls:worker close ioctl poll epoll_ctl epoll_wait
 * #syscalls:before epoll_create1
 */

/* A question in progress. It lives on the stack of the thread that waits for the answer. */
typedef struct {
    bool answered;
    GCond changed;
    BrokerReply reply;
    int fds[SEQPACKET_FILES_MAX];
} Question;

struct BrokerLink {
    Host host;
    int socket;
    int watched;           /* epoll instance for host files */
    KeptDescriptors *kept; /* or NULL: ask the broker about every descriptor */
    LentMemories *lent;    /* or NULL: ask the broker about every thread */
    GMutex probing;        /* held while a thread asks the broker for a probe */
    GMutex lock;           /* guards what follows, and every Question in it */
    GHashTable *probes;    /* device -> an open file of it, if it cannot be polled */
    off_t next_byte;       /* for the next remnant */
    GHashTable *followed;  /* descriptor -> HostRemnant, of each host file that is open */
    GHashTable *questions; /* serial -> Question */
    uint32_t last_serial;
    bool receiving; /* one of the waiting threads receives for all of them */
    bool gone;      /* the broker has ended */
};

G_STATIC_ASSERT(G_STRUCT_OFFSET(BrokerLink, host) == 0);

/* With the lock held: hand a reply to the thread that asked for it. If no thread did, close the reply's files. */
static void deliver(BrokerLink *link, const BrokerReply *reply, int fds[SEQPACKET_FILES_MAX])
{
    Question *question = g_hash_table_lookup(link->questions, GUINT_TO_POINTER(reply->serial));

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
static void receive(BrokerLink *link)
{
    BrokerReply reply;
    int fds[SEQPACKET_FILES_MAX];

    link->receiving = true;
    g_mutex_unlock(&link->lock);
    SeqpacketResult result = seqpacket_wait_files(link->socket, &reply, sizeof reply, fds);
    g_mutex_lock(&link->lock);
    link->receiving = false;
    if (result == SEQPACKET_MESSAGE) {
        deliver(link, &reply, fds);
    } else if (result == SEQPACKET_GONE) {
        link->gone = true;
    }
}

/* With the lock held: wake one other waiting thread. It receives from now on, or sees that the broker is gone. */
static void pass_on(const BrokerLink *link)
{
    GHashTableIter iter;
    gpointer question;

    g_hash_table_iter_init(&iter, link->questions);
    while (g_hash_table_iter_next(&iter, NULL, &question)) {
        if (!((const Question *)question)->answered) {
            g_cond_signal(&((Question *)question)->changed);
            return;
        }
    }
}

/* With the lock held: wait for the answer. The asking thread itself receives, unless another one already does: so no thread
 * is woken only to wake another. */
static void wait_for_answer(BrokerLink *link, Question *question)
{
    while (!question->answered && !link->gone) {
        if (link->receiving) {
            g_cond_wait(&question->changed, &link->lock);
        } else {
            receive(link);
        }
    }
}

/* Ask a question and wait for the answer. Returns 0 or an errno. @fds: set to the reply's files; unused elements are -1 */
static int ask_for_files(BrokerLink *link, BrokerRequest *request, int sent_fd, BrokerReply *reply,
                         int fds[SEQPACKET_FILES_MAX])
{
    Question question = {.fds = {-1, -1}};

    g_cond_init(&question.changed);
    g_mutex_lock(&link->lock);
    request->serial = ++link->last_serial;
    g_hash_table_insert(link->questions, GUINT_TO_POINTER(request->serial), &question);
    g_mutex_unlock(&link->lock);

    const bool sent = seqpacket_send(link->socket, request, sizeof *request, sent_fd);

    g_mutex_lock(&link->lock);
    if (sent) {
        wait_for_answer(link, &question);
    }
    g_hash_table_remove(link->questions, GUINT_TO_POINTER(request->serial));
    if (!link->receiving) {
        pass_on(link);
    }
    g_mutex_unlock(&link->lock);
    g_cond_clear(&question.changed);

    memcpy(fds, question.fds, sizeof question.fds);
    *reply = question.reply;
    return question.answered ? question.reply.error : EIO;
}

/* As ask_for_files(), for replies that carry at most one file. */
static int broker_ask_with(BrokerLink *link, BrokerRequest *request, int sent_fd,
                           BrokerReply *reply, int *fd)
{
    int fds[SEQPACKET_FILES_MAX];
    int error = ask_for_files(link, request, sent_fd, reply, fds);

    *fd = fds[0];
    close_if_open(fds[1]);
    return error;
}

static int broker_ask(BrokerLink *link, BrokerRequest *request, BrokerReply *reply, int *fd)
{
    return broker_ask_with(link, request, -1, reply, fd);
}

static int ask_open(Host *host, unsigned device, int flags)
{
    BrokerRequest request = {.op = BROKER_OPEN, .open = {device, (uint32_t)flags}};
    BrokerReply reply;
    int fd = -1;
    int error = broker_ask((BrokerLink *)host, &request, &reply, &fd);

    if (error == 0 && fd < 0) {
        error = EIO; /* the broker reported success but sent no file */
    }
    return error ? -error : fd;
}

/* Test whether a file can be polled, without adding a watch: for a file that cannot, epoll_ctl() fails with EPERM whatever the
 * operation is. */
static bool can_be_polled(const BrokerLink *link, int fd)
{
    return epoll_ctl(link->watched, EPOLL_CTL_DEL, fd, NULL) == 0 || errno != EPERM;
}

static bool know_probe(BrokerLink *link, unsigned device, gpointer *probe)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&link->lock);

    return g_hash_table_lookup_extended(link->probes, GUINT_TO_POINTER(device), NULL, probe);
}

static void note_probe(BrokerLink *link, unsigned device, gpointer probe)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&link->lock);

    g_hash_table_insert(link->probes, GUINT_TO_POINTER(device), probe);
}

/* Return another open file of the device, which is kept for ever. Through it remnants of the device's files can be seen.
 * Returns a negative errno on failure. If the file is known already, this waits for nobody. If another thread is just asking
 * for it, this waits for that thread. */
static int find_probe(BrokerLink *link, unsigned device)
{
    gpointer probe;

    if (know_probe(link, device, &probe)) {
        return GPOINTER_TO_INT(probe);
    }
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&link->probing);
    if (!know_probe(link, device, &probe)) {
        probe = GINT_TO_POINTER(ask_open(&link->host, device, O_RDWR));
        if (GPOINTER_TO_INT(probe) >= 0) {
            note_probe(link, device, probe);
        }
    }
    return GPOINTER_TO_INT(probe);
}

/* Reserve a byte for a remnant. No byte is used twice, so bytes are never given back. */
static off_t take_byte(BrokerLink *link)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&link->lock);

    return link->next_byte++;
}

/* Follow a file with a remnant. @probe: -1 if the file can be polled. Returns 0 or an errno. */
static int follow_with(BrokerLink *link, int fd, int probe)
{
    HostRemnant *remnant = remnant_new(fd, probe, take_byte(link));

    if (!remnant) {
        return errno == EMFILE ? ENFILE : errno; /* our table is full, not the guest's */
    }
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&link->lock);
    g_hash_table_insert(link->followed, GINT_TO_POINTER(fd), remnant);
    return 0;
}

/* As follow_with(), and find the probe if a file of this device needs one. */
static int follow_opened(BrokerLink *link, unsigned device, int fd)
{
    const bool polled = can_be_polled(link, fd);
    const int probe = polled ? -1 : find_probe(link, device);

    return !polled && probe < 0 ? -probe : follow_with(link, fd, probe);
}

/* The file that broker_link_bring() has set aside for the thread's next open. */
static _Thread_local struct {
    bool there;
    int fd;
} brought;

void broker_link_bring(int fd)
{
    brought.there = true;
    brought.fd = fd;
}

/* Take the file that was brought. Returns a descriptor or a negative errno. */
static int take_brought(void)
{
    brought.there = false;
    return brought.fd < 0 ? -ENFILE : brought.fd;
}

void broker_link_bring_no_more(void)
{
    if (brought.there) {
        close_if_open(take_brought());
    }
}

/* Open a host device, or use the file that was brought. A brought file never makes this wait: the broker opens a device in
 * advance only after it has opened that device for a guest (broker/files/spares.h), so a probe, if the device needs one, is
 * already known. */
static int link_open(Host *host, unsigned device, int flags)
{
    int fd = brought.there ? take_brought() : ask_open(host, device, flags);
    int error = fd < 0 ? 0 : follow_opened((BrokerLink *)host, device, fd);

    if (error) {
        close(fd); /* no guest has used the file: this close releases it */
    }
    return error ? -error : fd;
}

static int link_follow(Host *host, int fd)
{
    return follow_with((BrokerLink *)host, fd, -1);
}

int broker_link_memory(BrokerLink *link, pid_t tid, BrokerMemory *memory)
{
    BrokerRequest request = {.op = BROKER_MEMORY, .process = {tid}};
    BrokerReply reply;
    int fds[SEQPACKET_FILES_MAX];
    int error = ask_for_files(link, &request, -1, &reply, fds);

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

/* Take the remnant that follows a file; NULL: there is none. Do this before closing the file: afterwards another file may
 * get the number. */
static HostRemnant *take_remnant(BrokerLink *link, int fd)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&link->lock);
    gpointer remnant = NULL;

    g_hash_table_steal_extended(link->followed, GINT_TO_POINTER(fd), NULL, &remnant);
    return remnant;
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

static HostRemnant *link_close(Host *host, int fd)
{
    HostRemnant *remnant = take_remnant((BrokerLink *)host, fd);

    close(fd);
    if (remnant && !remnant_remains(remnant)) {
        g_clear_pointer(&remnant, remnant_free);
    }
    return remnant;
}

static unsigned link_poll(Host *host, int fd, unsigned events)
{
    struct pollfd poll_fd = {.fd = fd, .events = (short)events};

    (void)host;
    return poll(&poll_fd, 1, 0) > 0 ? (unsigned short)poll_fd.revents : 0;
}

/*
 * Watch a host file for events. The watch is edge-triggered, since the worker does nothing that would make a ready file
 * unready again. Closing the file ends the watch. EPERM: the file cannot be polled.
 */
static void link_watch(Host *host, int fd, uint32_t id)
{
    BrokerLink *link = (BrokerLink *)host;
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM | EPOLLRDHUP | EPOLLET,
        .data.u32 = id,
    };

    (void)epoll_ctl(link->watched, EPOLL_CTL_ADD, fd, &event);
}

void broker_link_next_event(BrokerLink *link, uint32_t *file, unsigned *events)
{
    struct epoll_event event;

    while (epoll_wait(link->watched, &event, 1, -1) != 1) {
    }
    *file = event.data.u32;
    *events = event.events;
}

/* Ask a question whose answer carries no file. Returns 0 or an errno. */
static int ask_plainly(Host *host, BrokerRequest *request, BrokerReply *reply)
{
    int fd = -1;
    int error = broker_ask((BrokerLink *)host, request, reply, &fd);

    close_if_open(fd);
    return error;
}

int broker_link_opening(BrokerLink *link, pid_t tid, unsigned device, uint32_t *id)
{
    BrokerRequest request = {.op = BROKER_OPENING, .opening = {tid, device}};
    BrokerReply reply;
    int error = ask_plainly(&link->host, &request, &reply);

    *id = reply.file;
    return error;
}

static int link_identify(Host *host, pid_t tid, int guest_fd, uint32_t *id)
{
    BrokerLink *link = (BrokerLink *)host;
    BrokerRequest request = {.op = BROKER_IDENTIFY, .identify = {tid, guest_fd}};
    BrokerReply reply;
    int info = -1;

    if (link->kept && kept_descriptors_find(link->kept, tid, guest_fd, id)) {
        return 0;
    }
    int error = broker_ask(link, &request, &reply, &info);
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
    const BrokerLink *link = (BrokerLink *)host;
    BrokerRequest request = {.op = BROKER_PROCESS, .process = {tid}};
    BrokerReply reply;

    if (link->lent && lent_memories_process(link->lent, tid, uid, process)) {
        return 0;
    }
    int error = ask_plainly(host, &request, &reply);
    *process = (GuestProcess){.id = reply.process, .uid = reply.uid};
    return error;
}

static int link_number(Host *host, pid_t tid, uint64_t id, uint32_t *number)
{
    BrokerRequest request = {.op = BROKER_NUMBER, .number = {tid, id}};
    BrokerReply reply;
    int error = ask_plainly(host, &request, &reply);

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
    int error = broker_ask_with((BrokerLink *)host, &request, call->fd, &reply, &received);
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
    int error = ask_plainly(host, &request, &reply);

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
    link->socket = socket;
    link->watched = epoll_create1(EPOLL_CLOEXEC);
    g_assert(link->watched >= 0);
    g_mutex_init(&link->lock);
    g_mutex_init(&link->probing);
    link->questions = g_hash_table_new(NULL, NULL);
    link->probes = g_hash_table_new(NULL, NULL);
    link->followed = g_hash_table_new(NULL, NULL);
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
    return link->socket;
}

bool broker_link_ready(BrokerLink *link)
{
    BrokerRequest request = {.op = BROKER_READY};

    return seqpacket_send(link->socket, &request, sizeof request, -1);
}

void broker_link_released(BrokerLink *link, uint32_t file)
{
    BrokerRequest request = {.op = BROKER_RELEASED, .released = {file}};

    if (link->kept) {
        kept_descriptors_drop_file(link->kept, file);
    }
    (void)seqpacket_send(link->socket, &request, sizeof request, -1);
}

void broker_link_notice(BrokerLink *link)
{
    BrokerRequest request = {.op = BROKER_NOTICE};

    /* On failure the broker is gone; the main thread notices that as well. */
    (void)seqpacket_send(link->socket, &request, sizeof request, -1);
}
