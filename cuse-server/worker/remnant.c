/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/worker/remnant.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kcmp.h>

#include <glib.h>

/* #syscalls:worker epoll_create1 epoll_ctl kcmp fcntl getpid close */

/* @epoll: watches the file under its old number @fd; -1: the file has a lock at @byte instead, which @probe can see */
struct HostRemnant {
    int epoll;
    int fd;
    int probe;
    off_t byte;
};

/* Lock a byte. Which kind of lock a file may have depends on how it was opened. A file that was opened for neither reading nor
 * writing (Linux allows that for ioctl() alone) cannot have any lock. */
static bool lock_byte(int fd, off_t byte)
{
    struct flock lock = {.l_type = F_WRLCK, .l_start = byte, .l_len = 1};

    if (fcntl(fd, F_OFD_SETLK, &lock) == 0) {
        return true;
    }
    lock.l_type = F_RDLCK;
    return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

/* Tell whether the byte is locked. F_OFD_GETLK needs memory and may fail; then assume that the file still exists. */
static bool is_locked(int probe, off_t byte)
{
    struct flock lock = {.l_type = F_WRLCK, .l_start = byte, .l_len = 1};

    return fcntl(probe, F_OFD_GETLK, &lock) < 0 || lock.l_type != F_UNLCK;
}

static HostRemnant *watch_new(int fd)
{
    struct epoll_event event = {.events = EPOLLET};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    HostRemnant *remnant;

    if (epoll < 0) {
        return NULL;
    }
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        int saved = errno;
        close(epoll);
        errno = saved;
        return NULL;
    }
    remnant = g_new(HostRemnant, 1);
    *remnant = (HostRemnant){.epoll = epoll, .fd = fd, .probe = -1};
    return remnant;
}

static HostRemnant *lock_new(int fd, int probe, off_t byte)
{
    HostRemnant *remnant;

    if (!lock_byte(fd, byte)) {
        errno = errno == EBADF ? EACCES : errno;
        return NULL;
    }
    remnant = g_new(HostRemnant, 1);
    *remnant = (HostRemnant){.epoll = -1, .fd = fd, .probe = probe, .byte = byte};
    return remnant;
}

HostRemnant *remnant_new(int fd, int probe, off_t byte)
{
    return probe < 0 ? watch_new(fd) : lock_new(fd, probe, byte);
}

/* Tell whether the epoll instance still watches the file. Another file may have the number by now, but kcmp() compares with
 * what the instance watches. */
static bool is_watched(const HostRemnant *remnant)
{
    const struct kcmp_epoll_slot slot = {.efd = (__u32)remnant->epoll, .tfd = (__u32)remnant->fd};
    const pid_t self = getpid();

    return syscall(SYS_kcmp, self, self, KCMP_EPOLL_TFD, remnant->epoll, &slot) >= 0 ||
           (errno != ENOENT && errno != ENOSYS);
}

bool remnant_remains(const HostRemnant *remnant)
{
    return remnant->epoll >= 0 ? is_watched(remnant) : is_locked(remnant->probe, remnant->byte);
}

void remnant_free(HostRemnant *remnant)
{
    if (remnant && remnant->epoll >= 0) {
        close(remnant->epoll);
    }
    g_free(remnant);
}
