/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/guests/guest-open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <unistd.h>

#include "cuse-server/broker/guests/call-abi.h"
#include "cuse-server/broker/guests/notification.h"
#include "cuse-server/broker/guests/open-request.h"
#include "cuse-server/broker/identity/guest-path.h"
#include "cuse-server/broker/identity/guest-rights.h"
#include "cuse-server/broker/identity/guest-thread.h"

/* #syscalls:broker fcntl close */

/*
 * A call that opens a file and can open a device node, as the guest made it.
 * @id, @tid: of its notification
 * @flags, @resolve: as in OpenRequest
 */
typedef struct {
    int listener;
    uint64_t id;
    pid_t tid;
    int dirfd;
    uint64_t path;
    int flags;
    uint64_t resolve;
} OpenCall;

/* Read the struct of an openat2(), once: the guest may change it at any time. */
static bool read_how(pid_t tid, const CallAbiOpen *open, OpenRequest *request)
{
    g_autofree char *how = NULL;

    if (open->how_size > OPEN_HOW_MAX) {
        return false;
    }
    how = g_malloc(OPEN_HOW_MAX);
    return guest_thread_read(tid, open->how, how, open->how_size) &&
           open_request_of_how(how, open->how_size, request);
}

/* Returns false if the call cannot open a device node. */
static bool decode_open(int listener, const struct seccomp_notif *notif, OpenCall *call)
{
    CallAbiOpen open;
    OpenRequest request;

    if (!call_abi_open(&notif->data, &open) ||
        !(open.has_how ? read_how((pid_t)notif->pid, &open, &request)
                       : open_request_of_flags(open.flags, &request))) {
        return false;
    }
    *call = (OpenCall){.listener = listener,
                       .id = notif->id,
                       .tid = (pid_t)notif->pid,
                       .dirfd = open.dirfd,
                       .path = open.path,
                       .flags = request.flags,
                       .resolve = request.resolve};
    return true;
}

/* --- which device ----------------------------------------------------------------------------- */

/*
 * Find the instance's device behind a file. The file is either a node with a number that the guest's nodes show, or a file
 * of ours, which a guest reaches through /proc/self/fd. Returns the device's index, or -1 if the file is neither.
 */
static int find_device(const StandIns *stand_ins, int fd, const struct stat *st)
{
    for (unsigned i = 0; S_ISCHR(st->st_mode) && i < stand_ins->n_devices; i++) {
        if (st->st_rdev == stand_ins->devices[i].number) {
            return (int)i;
        }
    }
    return stand_ins_device(stand_ins, fd, st);
}

static int device_of_call(const GuestOpen *open, const OpenCall *call)
{
    g_autofree char *path = g_malloc(PATH_MAX);
    struct stat st;
    int device = -1;
    int fd;

    if (guest_thread_string(call->tid, call->path, path, PATH_MAX) < 0 ||
        (fd = guest_path_open(call->tid, call->dirfd, path, call->flags, call->resolve)) < 0) {
        return -1;
    }
    if (stand_ins_stat(fd, &st)) {
        device = find_device(open->stand_ins, fd, &st);
    }
    close(fd);
    return device;
}

static GuestRights *read_rights(pid_t tid)
{
    g_autofree char *directory = g_strdup_printf("/proc/%d", tid);

    return guest_rights_read(directory, true);
}

/* --- giving ----------------------------------------------------------------------------------- */

/* Put a file of ours into the guest's descriptor table, as the result of its open(). Closes @fd. Takes @rights over. */
static void give(const GuestOpen *open, const OpenCall *call, int fd, FileKey file,
                 GuestRights *rights)
{
    openers_note(open->openers, file, rights);
    int number = notification_give(call->listener, call->id, fd, call->flags & O_CLOEXEC);

    /* EMFILE: the guest's descriptor table is full. */
    if (number < 0 && number != -ENOENT) {
        notification_fail(call->listener, call->id, -number);
    }
    close(fd);
}

/*
 * Is there room for more files than there can be spares? When the broker gives a spare away, it does not ask the worker
 * whether there is room for another file: it may give away all spares before the worker has been told of the first one.
 * A fallen worker can report too few files in the ledger, but such a worker would open any number of files anyway.
 */
static bool has_plenty(const GuestOpen *open)
{
    unsigned files = MAX(openers_count(open->openers), ledger_files(open->ledger));

    return files < open->files_max && open->files_max - files > SPARES_MAX;
}

/* Open a file for the guest. The worker gets the host's file, and enforces the limit on files. */
static void open_and_give(const GuestOpen *open, const OpenCall *call, unsigned device,
                          GuestRights *rights)
{
    FileKey file;
    const unsigned worker = spares_worker(open->spares);
    int fd = stand_ins_open(open->stand_ins, device, call->flags, &file);

    if (fd < 0) {
        notification_fail(call->listener, call->id, errno);
        guest_rights_unref(rights);
        return;
    }
    give(open, call, fd, file, rights);
    if (has_plenty(open)) {
        spares_want(open->spares, device, worker);
    }
}

/* Tell the worker that a guest gets a spare. The message goes out before the guest has the file, and the broker does not
 * wait for the worker. If the opener's memory is lent to the worker, the lending also covers calls on this file, because
 * the thread opens the file itself. Returns false if the worker cannot be told now. */
static bool tell_worker(const GuestOpen *open, const OpenCall *call, const Spare *spare, int host,
                        const GuestRights *rights)
{
    WorkerQuestion word = {
        .op = WORKER_GIVEN,
        .given = {.flags = (uint32_t)(call->flags & (O_ACCMODE | O_NONBLOCK)),
                  .tid = call->tid,
                  .uid = rights->uids[GUEST_ID_FILES],
                  .gid = rights->gids[GUEST_ID_FILES],
                  .lending = agents_lend(open->agents, guest_process_group(rights->process))},
    };

    return worker_link_tell(open->worker, &word, spare->file, host);
}

/* Give the spare to the guest and close it here, or put it back. Returns false, with @rights still the caller's, if the
 * guest must still be answered. */
static bool give_spare(const GuestOpen *open, const OpenCall *call, unsigned device,
                       const Spare *spare, GuestRights *rights)
{
    int host = host_files_open(&open->host_files, open->host_nodes, device, call->flags);
    int error = host < 0 ? errno : 0;
    bool given = false;

    if (error == ESTALE) {
        spares_put_back(open->spares, device, spare);
        return false; /* the worker is asked, and the service that answers it ends the instance */
    }
    if (error) {
        notification_fail(call->listener, call->id, error);
        guest_rights_unref(rights);
    } else if ((!(call->flags & O_NONBLOCK) || fcntl(spare->fd, F_SETFL, O_NONBLOCK) == 0) &&
               tell_worker(open, call, spare, host, rights)) {
        give(open, call, spare->fd, spare->file, rights);
        given = true;
    } else {
        (void)fcntl(spare->fd, F_SETFL, 0);
    }
    if (!given) {
        spares_put_back(open->spares, device, spare);
    }
    if (host >= 0) {
        close(host);
    }
    return given || error;
}

/* Can a spare be made what the guest asked for? It is open read-write, and only O_NONBLOCK can be added to it. */
static bool may_be_spare(int flags)
{
    return (flags & (O_ACCMODE | O_APPEND | O_SYNC)) == O_RDWR;
}

/* Answer the open with a file of the device. @rights: the opener's; taken over. */
static void answer_with(const GuestOpen *open, const OpenCall *call, unsigned device,
                        GuestRights *rights)
{
    Spare spare;

    if (may_be_spare(call->flags) && has_plenty(open) &&
        spares_take(open->spares, device, &spare) &&
        give_spare(open, call, device, &spare, rights)) {
        /* Ask for more spares only now, so that the guest does not share a processor with the threads that open them. */
        spares_want(open->spares, device, spare.worker);
        return;
    }
    open_and_give(open, call, device, rights);
}

/* Find the error of opens that fail for every node. Returns 0 if there is none. */
static int find_error(const Device *device, const OpenCall *call)
{
    if (!device_has_node(device)) {
        return ENXIO; /* a dma-buf of ours cannot be opened anew through /proc/self/fd, like a dma-buf of the driver's */
    }
    if (call->flags & O_DIRECT) {
        return EINVAL; /* as for every character device: fs/open.c, do_dentry_open() */
    }
    if (call->resolve & RESOLVE_CACHED) {
        return EAGAIN; /* the caller does not want to wait, but an open of ours always waits for the broker */
    }
    return 0;
}

void guest_open_answer(const GuestOpen *open, int listener, const struct seccomp_notif *notif,
                       unsigned filters)
{
    g_autoptr(GuestRights) rights = NULL;
    OpenCall call;
    int device = decode_open(listener, notif, &call) ? device_of_call(open, &call) : -1;
    int error = device < 0 ? 0 : find_error(&open->stand_ins->devices[device], &call);

    if (error) {
        notification_fail(listener, notif->id, error);
        return;
    }
    if (device >= 0 && (rights = read_rights(call.tid)) &&
        guest_members_admit(open->members, listener, notif)) {
        if (agents_prepare(open->agents, listener, notif, rights->process, filters)) {
            return; /* the guest makes the call again */
        }
        answer_with(open, &call, (unsigned)device, g_steal_pointer(&rights));
    } else {
        notification_continue(listener, notif->id);
    }
}
