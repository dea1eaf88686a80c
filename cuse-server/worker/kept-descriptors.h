/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors of guests that the broker has identified: which open file of the instance a thread has at a number.
 *
 * To ask the broker wakes a thread of its, and then the one that asked. So its answer is kept, with what it takes to see
 * whether it still holds: /proc/TID/fdinfo/N, which the broker has opened, and the inode and the mount of the file that it
 * looked at. The kernel writes that text anew whenever it is read from its start (fs/seq_file.c, seq_read_iter();
 * fs/proc/fd.c, seq_show()), and asks for rights when it is opened only. An answer is used if the text names the same inode
 * and mount. What makes such an answer wrong, and what prevents that:
 *
 *     what could happen                              why the answer is not used then
 *     another file is put at the number: dup2()      the text names another inode, or another mount
 *     the descriptor is closed                       the text cannot be read (ENOENT)
 *     the thread gets a table of its own:            the text is of the table that the thread has when it is read
 *     unshare(CLONE_FILES), exec()
 *     the process forks                              the child's threads have numbers of their own
 *     the thread ends, and its number is another's   the text is of the thread that was looked at, and cannot be read
 *     another thread of the process executes, and    it is of that thread from then on, as the number is
 *     gets the number of the first (de_thread())     (kernel/pid.c, exchange_tids())
 *     the guest opens the file anew, with O_PATH,    the text has the flag; any other open of it is refused (fuse-files.h,
 *     and the file itself is closed                  broker/files/opens.h)
 *     the file is released, and another has the      no number of an inode comes twice: it has the file's id (fuse-files.h),
 *     number of its inode                            or is counted in 64 bits (broker/files/fresh-nodes.h)
 *     the file system's mount goes, and another      the broker holds the mount for as long as this worker lives
 *     has its number
 *     the kernel names no inode (before 5.14), or    it names never the one that the broker has, and nothing is kept
 *     not all of its number (32 bits)
 *
 * Reading the text may wait for a guest, and no signal ends that: a guest may have put an epoll instance at the number, of which
 * the kernel takes a lock that is held while its files are polled, and while events are copied to memory (fs/eventpoll.c,
 * ep_show_fdinfo(), ep_send_events()). So one thread reads at a time, and all others ask the broker as if nothing were kept:
 * a guest holds up one thread of its worker's, and no more. Where there is but one, nothing is kept. What a worker that has
 * fallen gains by such files: docs/security.md.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <glib.h>

/* Each needs a descriptor. What comes beyond them puts away all others. */
enum { KEPT_DESCRIPTORS_MAX = 256 };

typedef struct KeptDescriptors KeptDescriptors;

/**
 * IdentifiedFile: the broker's answer.
 * @id: the file's
 * @inode, @mount: as the kernel names them in /proc/TID/fdinfo/N while the file is there
 */
typedef struct {
    uint32_t id;
    uint64_t inode;
    uint64_t mount;
} IdentifiedFile;

KeptDescriptors *kept_descriptors_new(void);
void kept_descriptors_free(KeptDescriptors *kept);

/**
 * kept_descriptors_find: the file that a thread has at a number, if that is known and still so. May wait for a guest, in one
 * thread at a time.
 * @id: set to the file's
 */
bool kept_descriptors_find(KeptDescriptors *kept, pid_t tid, int fd, uint32_t *id);

/**
 * kept_descriptors_keep: keep an answer, unless it does not hold any more or another thread is looking. May wait as well.
 * @info: /proc/TID/fdinfo/N; owned from now on
 */
void kept_descriptors_keep(KeptDescriptors *kept, pid_t tid, int fd, const IdentifiedFile *file,
                           int info);

/** kept_descriptors_drop_file: a file is released. */
void kept_descriptors_drop_file(KeptDescriptors *kept, uint32_t id);

/** kept_descriptors_size: how many answers are kept. */
unsigned kept_descriptors_size(KeptDescriptors *kept);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeptDescriptors, kept_descriptors_free)
