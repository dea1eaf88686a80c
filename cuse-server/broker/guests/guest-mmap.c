/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/guests/guest-mmap.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/guests/notification.h"
#include "cuse-server/broker/identity/guest-thread.h"

/* #syscalls:broker close */

/* mmap(address, length, protection, flags, fd, offset) */
enum { ARG_LENGTH = 1, ARG_FD = 4, ARG_OFFSET = 5 };

/* Is @hosts, which the worker sent, a host's file of the same device as the guest's file @guests? */
static bool is_its_host_file(const GuestMmap *mmap, int guests, int hosts)
{
    struct stat st;
    int device =
        stand_ins_stat(guests, &st) ? stand_ins_device(mmap->files.stand_ins, guests, &st) : -1;

    return device >= 0 && host_files_have(&mmap->host_files, hosts, (unsigned)device);
}

/* Map @file, a file of ours: ask the worker, and have an agent carry out the mapping. */
static void map(const GuestMmap *mmap, int listener, const struct seccomp_notif *notif, FileKey key,
                int file)
{
    const __u64 *args = notif->data.args;
    const pid_t group = guest_thread_group((pid_t)notif->pid);
    WorkerQuestion question = {.op = WORKER_MAP,
                               .map = {.length = args[ARG_LENGTH], .offset = args[ARG_OFFSET]}};
    int host_fd = -1;
    int error = worker_link_ask(mmap->worker, &question, key, -1, &host_fd);

    if (error == 0 && !is_its_host_file(mmap, file, host_fd)) {
        error = EIO; /* the worker said yes, but sent no file, or a wrong one */
        agents_report(mmap->agents, group, INCIDENT_WRONG_FILE);
    }
    if (error) {
        notification_fail(listener, notif->id, error);
        close_if_open(host_fd);
    } else if (group < 0 || !notification_is_valid(listener, notif->id)) {
        close(host_fd); /* @group may be of a later thread with the same number */
    } else {
        agents_map(mmap->agents, listener, notif, group, host_fd);
    }
}

void guest_mmap_answer(const GuestMmap *mmap, int listener, const struct seccomp_notif *notif)
{
    const __u64 *args = notif->data.args;
    int file = -1;
    FileKey key = 0;

    /* With length 0 there is nothing to map, and the kernel knows best which error to return. Besides, an agent waits by such
     * a call. */
    if (args[ARG_LENGTH] == 0 || guest_file_identify_waiting(&mmap->files, listener, notif,
                                                             (int)args[ARG_FD], &key, &file) != 0) {
        notification_continue(listener, notif->id);
    } else {
        map(mmap, listener, notif, key, file);
    }
    close_if_open(file);
}
