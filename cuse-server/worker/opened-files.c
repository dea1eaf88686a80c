/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/worker/opened-files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/worker/remnant.h"

/*
 * #syscalls:worker close epoll_ctl epoll_wait
 * #syscalls:before epoll_create1
 */

static int ask_open(OpenedFiles *files, unsigned device, int flags)
{
    BrokerRequest request = {.op = BROKER_OPEN, .open = {device, (uint32_t)flags}};
    BrokerReply reply;
    int fd = -1;
    int error = broker_ask(files->asks, &request, &reply, &fd);

    if (error == 0 && fd < 0) {
        error = EIO; /* the broker reported success but sent no file */
    }
    return error ? -error : fd;
}

/* Test whether a file can be polled, without adding a watch: for a file that cannot, epoll_ctl() fails with EPERM whatever the
 * operation is. */
static bool can_be_polled(const OpenedFiles *files, int fd)
{
    return epoll_ctl(files->watched, EPOLL_CTL_DEL, fd, NULL) == 0 || errno != EPERM;
}

static bool know_probe(OpenedFiles *files, unsigned device, gpointer *probe)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&files->lock);

    return g_hash_table_lookup_extended(files->probes, GUINT_TO_POINTER(device), NULL, probe);
}

static void note_probe(OpenedFiles *files, unsigned device, gpointer probe)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&files->lock);

    g_hash_table_insert(files->probes, GUINT_TO_POINTER(device), probe);
}

/* Return another open file of the device, which is kept for ever. Through it remnants of the device's files can be seen.
 * Returns a negative errno on failure. If the file is known already, this waits for nobody. If another thread is just asking
 * for it, this waits for that thread. */
static int find_probe(OpenedFiles *files, unsigned device)
{
    gpointer probe;

    if (know_probe(files, device, &probe)) {
        return GPOINTER_TO_INT(probe);
    }
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&files->probing);
    if (!know_probe(files, device, &probe)) {
        probe = GINT_TO_POINTER(ask_open(files, device, O_RDWR));
        if (GPOINTER_TO_INT(probe) >= 0) {
            note_probe(files, device, probe);
        }
    }
    return GPOINTER_TO_INT(probe);
}

/* Reserve a byte for a remnant. No byte is used twice, so bytes are never given back. */
static off_t take_byte(OpenedFiles *files)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&files->lock);

    return files->next_byte++;
}

/* Follow a file with a remnant. @probe: -1 if the file can be polled. Returns 0 or an errno. */
static int follow_with(OpenedFiles *files, int fd, int probe)
{
    HostRemnant *remnant = remnant_new(fd, probe, take_byte(files));

    if (!remnant) {
        return errno == EMFILE ? ENFILE : errno; /* our table is full, not the guest's */
    }
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&files->lock);
    g_hash_table_insert(files->followed, GINT_TO_POINTER(fd), remnant);
    return 0;
}

/* As follow_with(), and find the probe if a file of this device needs one. */
static int follow_opened(OpenedFiles *files, unsigned device, int fd)
{
    const bool polled = can_be_polled(files, fd);
    const int probe = polled ? -1 : find_probe(files, device);

    return !polled && probe < 0 ? -probe : follow_with(files, fd, probe);
}

/* The file that opened_files_bring() has set aside for the thread's next open. */
static _Thread_local struct {
    bool there;
    int fd;
} brought;

void opened_files_bring(int fd)
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

void opened_files_bring_no_more(void)
{
    if (brought.there) {
        close_if_open(take_brought());
    }
}

/* Open a host device, or use the file that was brought. A brought file never makes this wait: the broker opens a device in
 * advance only after it has opened that device for a guest (broker/files/spares.h), so a probe, if the device needs one, is
 * already known. */
int opened_files_open(OpenedFiles *files, unsigned device, int flags)
{
    int fd = brought.there ? take_brought() : ask_open(files, device, flags);
    int error = fd < 0 ? 0 : follow_opened(files, device, fd);

    if (error) {
        close(fd); /* no guest has used the file: this close releases it */
    }
    return error ? -error : fd;
}

/* Take the remnant that follows a file; NULL: there is none. Do this before closing the file: afterwards another file may
 * get the number. */
static HostRemnant *take_remnant(OpenedFiles *files, int fd)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&files->lock);
    gpointer remnant = NULL;

    g_hash_table_steal_extended(files->followed, GINT_TO_POINTER(fd), NULL, &remnant);
    return remnant;
}

HostRemnant *opened_files_close(OpenedFiles *files, int fd)
{
    HostRemnant *remnant = take_remnant(files, fd);

    close(fd);
    if (remnant && !remnant_remains(remnant)) {
        g_clear_pointer(&remnant, remnant_free);
    }
    return remnant;
}

void opened_files_watch(OpenedFiles *files, int fd, uint32_t id)
{
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM | EPOLLRDHUP | EPOLLET,
        .data.u32 = id,
    };

    (void)epoll_ctl(files->watched, EPOLL_CTL_ADD, fd, &event);
}

void opened_files_next_event(OpenedFiles *files, uint32_t *file, unsigned *events)
{
    struct epoll_event event;

    while (epoll_wait(files->watched, &event, 1, -1) != 1) {
    }
    *file = event.data.u32;
    *events = event.events;
}

int opened_files_follow(OpenedFiles *files, int fd)
{
    return follow_with(files, fd, -1);
}

void opened_files_init(OpenedFiles *files, BrokerAsk *asks)
{
    *files = (OpenedFiles){
        .asks = asks,
        .watched = epoll_create1(EPOLL_CLOEXEC),
        .probes = g_hash_table_new(NULL, NULL),
        .followed = g_hash_table_new(NULL, NULL),
    };
    g_assert(files->watched >= 0);
    g_mutex_init(&files->lock);
    g_mutex_init(&files->probing);
}
