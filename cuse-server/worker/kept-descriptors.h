/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cache of the broker's answers about guests' descriptors: which open file of the instance does a thread have at a number?
 *
 * Asking the broker costs two wake-ups: a thread of the broker's, and then the thread that asked. So the worker keeps each
 * answer, with what it needs to see whether the answer still holds: /proc/TID/fdinfo/N, which the broker has opened, and the
 * inode and the mount of the file that the broker looked at. Each read of that text from its start makes the kernel write it
 * anew (fs/seq_file.c, seq_read_iter(); fs/proc/fd.c, seq_show()). The kernel checks rights only when the text is opened. An
 * answer is used if the text names the same inode and mount. What makes an answer wrong, and why it is not used then:
 *
 *     what could happen                              why the answer is not used then
 *     another file is put at the number: dup2()      the text names another inode, or another mount
 *     the descriptor is closed                       the text cannot be read (ENOENT)
 *     the thread gets a table of its own:            the text is of the table that the thread has when the text is read
 *     unshare(CLONE_FILES), exec()
 *     the process forks                              the child's threads have numbers of their own
 *     the thread ends, and another thread gets its   the text belongs to the first thread, and cannot be read any more
 *     number
 *     another thread of the process executes, and    the text belongs to the executing thread from then on, as the number
 *     gets the number of the first (de_thread())     does (kernel/pid.c, exchange_tids())
 *     the guest opens the file anew, with O_PATH,    the text shows that flag; any other new open of the file is refused
 *     and the file itself is closed                  (fuse-files.h, broker/files/opens.h)
 *     the file is released, and another file gets    inode numbers are never used twice: the number contains the file's id
 *     the number of its inode                        (fuse-files.h), or is a 64-bit counter (broker/files/fresh-nodes.h)
 *     the file system's mount goes, and another      the broker holds the mount for as long as this worker lives
 *     mount gets its number
 *     the kernel names no inode (before 5.14), or    the inode never equals the one that the broker has, and nothing is kept
 *     only a part of its number (32 bits)
 *
 * Reading the text may wait for a guest, and no signal ends that wait. A guest may have put an epoll instance at the number.
 * The kernel then takes that instance's lock, which is held while its files are polled, and while events are copied to memory
 * (fs/eventpoll.c, ep_show_fdinfo(), ep_send_events()). So only one thread reads at a time. All other threads ask the broker as
 * if nothing were kept. A guest can therefore block one thread of its worker, and no more. Where there is only one thread,
 * nothing is kept. For what a worker that has fallen gains by such files, see docs/security.md.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <glib.h>

/* The most answers that are kept. Each needs a descriptor. One answer more drops all others. */
enum { KEPT_DESCRIPTORS_MAX = 256 };

typedef struct KeptDescriptors KeptDescriptors;

/**
 * IdentifiedFile: the broker's answer.
 * @id: the file's id
 * @inode, @mount: as the kernel prints them in /proc/TID/fdinfo/N while the file is there
 */
typedef struct {
    uint32_t id;
    uint64_t inode;
    uint64_t mount;
} IdentifiedFile;

KeptDescriptors *kept_descriptors_new(void);
void kept_descriptors_free(KeptDescriptors *kept);

/**
 * kept_descriptors_find: find the file that a thread has at a number. May wait for a guest, in one thread at a time.
 * @id: set to the file's id
 * Returns: false if no answer is kept, the kept answer does not hold any more, or another thread is looking.
 */
bool kept_descriptors_find(KeptDescriptors *kept, pid_t tid, int fd, uint32_t *id);

/**
 * kept_descriptors_keep: keep an answer, unless it does not hold any more or another thread is looking. May wait for a guest as
 * well.
 * @info: /proc/TID/fdinfo/N; owned from now on
 */
void kept_descriptors_keep(KeptDescriptors *kept, pid_t tid, int fd, const IdentifiedFile *file,
                           int info);

/** kept_descriptors_drop_file: drop all answers about a file that has been released. */
void kept_descriptors_drop_file(KeptDescriptors *kept, uint32_t id);

/** kept_descriptors_size: how many answers are kept. */
unsigned kept_descriptors_size(KeptDescriptors *kept);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeptDescriptors, kept_descriptors_free)
