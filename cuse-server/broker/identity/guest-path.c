/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/identity/guest-path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <glib.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/identity/guest-thread.h"

/* #syscalls:broker openat openat2 newfstatat fstat statx fstatfs readlinkat fcntl close */

enum {
    SYMLINKS_MAX = 40,   /* as the kernel's MAXSYMLINKS */
    PROC_ROOT_INODE = 1, /* fs/proc/root.c */
    RESOLVE_SCOPED =
        RESOLVE_BENEATH | RESOLVE_IN_ROOT, /* the start of the walk takes the place of the root */
};

/*
 * Walk: the state of a walk along a path.
 * @root, @here: O_PATH descriptors of the root and of the current place. The root is the guest's, or the start of the walk
 *     (RESOLVE_SCOPED)
 * @rest: the part of the path that is not walked yet, with links already spliced in
 * @resolve: RESOLVE_* flags
 */
typedef struct {
    pid_t tid;
    int root;
    int here;
    GString *rest;
    int symlinks;
    bool follow_last;
    uint64_t resolve;
} Walk;

static int open_proc(pid_t tid, const char *what)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", tid, what);

    return open(path, O_PATH | O_CLOEXEC);
}

static bool refuse(int error)
{
    errno = error;
    return false;
}

static bool same_mount(int a, int b)
{
    struct statx x;
    struct statx y;
    const int flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC; /* do not ask the file system */

    return statx(a, "", flags, STATX_MNT_ID, &x) == 0 &&
           statx(b, "", flags, STATX_MNT_ID, &y) == 0 && x.stx_mnt_id == y.stx_mnt_id;
}

/* Go on from @fd, which the walk takes over. Returns false if @fd is -1, or may not be gone to. */
static bool step_to(Walk *walk, int fd)
{
    if (fd < 0) {
        return false;
    }
    if ((walk->resolve & RESOLVE_NO_XDEV) && !same_mount(walk->here, fd)) {
        close(fd);
        return refuse(EXDEV);
    }
    close(walk->here);
    walk->here = fd;
    return true;
}

static bool same_place(int a, int b)
{
    struct statx x;
    struct statx y;
    const int flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC; /* do not ask the file system */
    const unsigned mask = STATX_INO | STATX_MNT_ID;

    return statx(a, "", flags, mask, &x) == 0 && statx(b, "", flags, mask, &y) == 0 &&
           x.stx_ino == y.stx_ino && x.stx_dev_major == y.stx_dev_major &&
           x.stx_dev_minor == y.stx_dev_minor && x.stx_mnt_id == y.stx_mnt_id;
}

/* Cut the next component off the rest. Returns (transfer full) the component, or NULL at the end of the path. */
static char *next_component(Walk *walk)
{
    size_t skip = strspn(walk->rest->str, "/");
    g_string_erase(walk->rest, 0, (gssize)skip);
    size_t length = strcspn(walk->rest->str, "/");
    char *name = length ? g_strndup(walk->rest->str, length) : NULL;

    g_string_erase(walk->rest, 0, (gssize)length);
    return name;
}

/* Is nothing left of the path but slashes? */
static bool at_end(const Walk *walk)
{
    return walk->rest->str[strspn(walk->rest->str, "/")] == '\0';
}

/*
 * Follow a link in a procfs. Below the root of a procfs, the text of a link is only for people to read; following the link
 * is a jump to the file itself. In the root, links are ordinary texts, but "self" and "thread-self" depend on the process
 * that reads them.
 * @handled: set to false if the caller must follow the link by its text
 */
static bool follow_proc_link(Walk *walk, const char *name, bool *handled)
{
    struct stat here;

    *handled = true;
    if (fstat(walk->here, &here) < 0) {
        return false;
    }
    if (here.st_ino != PROC_ROOT_INODE) {
        if (walk->resolve & (RESOLVE_NO_MAGICLINKS | RESOLVE_SCOPED)) {
            return refuse(ELOOP); /* fs/namei.c, nd_jump_link() */
        }
        return step_to(walk, openat(walk->here, name, O_PATH | O_CLOEXEC));
    }
    if (strcmp(name, "self") == 0 || strcmp(name, "thread-self") == 0) {
        pid_t process = guest_thread_group(walk->tid);
        g_autofree char *task = g_strdup_printf("task/%d", walk->tid);
        return process > 0 && step_to(walk, open_proc(process, name[0] == 's' ? "" : task));
    }
    *handled = false;
    return true;
}

/* Splice the link's text in front of the rest. If the text is an absolute path, go on from the root. */
static bool follow_text_link(Walk *walk, int link)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(link, "", target, sizeof target);

    if (n <= 0 || (size_t)n == sizeof target || walk->rest->len + (size_t)n >= PATH_MAX) {
        return refuse(ENAMETOOLONG);
    }
    if (target[0] == '/' && (walk->resolve & RESOLVE_BENEATH)) {
        return refuse(EXDEV);
    }
    g_string_prepend_c(walk->rest, '/');
    g_string_prepend_len(walk->rest, target, n);
    return target[0] != '/' || step_to(walk, fcntl(walk->root, F_DUPFD_CLOEXEC, 0));
}

static bool follow_link(Walk *walk, const char *name, int link)
{
    struct statfs fs;
    bool handled = false;

    if ((walk->resolve & RESOLVE_NO_SYMLINKS) || ++walk->symlinks > SYMLINKS_MAX) {
        return refuse(ELOOP);
    }
    if (fstatfs(link, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC &&
        !follow_proc_link(walk, name, &handled)) {
        return false;
    }
    return handled || follow_text_link(walk, link);
}

static bool walk_component(Walk *walk, const char *name)
{
    struct stat st;

    if (strcmp(name, "..") == 0 && same_place(walk->here, walk->root)) {
        return !(walk->resolve & RESOLVE_BENEATH) || refuse(EXDEV);
    }
    int next = openat(walk->here, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0) {
        return false;
    }
    if (fstat(next, &st) == 0 && S_ISLNK(st.st_mode) && (walk->follow_last || !at_end(walk))) {
        bool ok = follow_link(walk, name, next);
        int saved = errno;
        close(next);
        errno = saved;
        return ok;
    }
    return step_to(walk, next);
}

static int walk_start(pid_t tid, int dirfd, const char *path, uint64_t resolve)
{
    if (path[0] == '/' && !(resolve & RESOLVE_SCOPED)) {
        return open_proc(tid, "root");
    }
    if (dirfd == AT_FDCWD) {
        return open_proc(tid, "cwd");
    }
    g_autofree char *name = g_strdup_printf("fd/%d", dirfd);
    return open_proc(tid, name);
}

/*
 * Have the kernel walk the whole path from @start in one call. This works for a path that meets no symbolic link: without
 * links, the result does not depend on the process that walks (/proc/self is a link). It does not work for a relative path
 * with "..", which could leave the guest's root: the kernel does not know that root here.
 * @resolve: only RESOLVE_NO_XDEV is used: without links and "..", nothing else makes a difference
 * Returns: a descriptor; or -1 with errno set: ELOOP: the path has to be walked by hand.
 */
static int open_without_links(int start, const char *path, int flags, uint64_t resolve)
{
    const bool absolute = path[0] == '/';
    const struct open_how how = {
        .flags = (unsigned)(O_PATH | O_CLOEXEC | (flags & O_NOFOLLOW)),
        .resolve = RESOLVE_NO_SYMLINKS | (absolute ? RESOLVE_IN_ROOT : RESOLVE_BENEATH) |
                   (resolve & RESOLVE_NO_XDEV),
    };

    if (!absolute && strstr(path, "..")) {
        errno = ELOOP;
        return -1;
    }
    int fd = (int)syscall(SYS_openat2, start, path, &how, sizeof how);
    /* ENOENT and ENOTDIR are about the path itself, which had no link so far. Other errors may be about how it was walked. */
    if (fd < 0 && errno != ENOENT && errno != ENOTDIR) {
        errno = ELOOP;
    }
    return fd;
}

/* Walk the path from @start, a component at a time. Takes @start over. */
static int walk_by_hand(pid_t tid, int start, const char *path, int flags, uint64_t resolve)
{
    const bool from_root = path[0] == '/' || (resolve & RESOLVE_SCOPED);
    Walk walk = {
        .tid = tid, .here = start, .follow_last = !(flags & O_NOFOLLOW), .resolve = resolve};
    char *name;

    walk.root = from_root ? fcntl(start, F_DUPFD_CLOEXEC, 0) : open_proc(tid, "root");
    bool ok = walk.root >= 0;
    walk.rest = g_string_new(path);
    if (g_str_has_suffix(path, "/")) {
        g_string_append_c(walk.rest, '.'); /* what precedes the slash must be a directory */
    }
    while (ok && (name = next_component(&walk))) {
        ok = walk_component(&walk, name);
        g_free(name);
    }
    int saved = ok ? 0 : errno;
    g_string_free(walk.rest, TRUE);
    close_if_open(walk.root);
    if (!ok) {
        close(walk.here);
    }
    errno = saved ? saved : ENOENT;
    return ok ? walk.here : -1;
}

int guest_path_open(pid_t tid, int dirfd, const char *path, int flags, uint64_t resolve)
{
    if (path[0] == '/' && (resolve & RESOLVE_BENEATH)) {
        errno = EXDEV;
        return -1;
    }
    int start = walk_start(tid, dirfd, path, resolve);
    int fd = start < 0 ? -1 : open_without_links(start, path, flags, resolve);

    if (fd < 0 && start >= 0 && errno == ELOOP) {
        return walk_by_hand(tid, start, path, flags, resolve);
    }
    int saved = errno;
    close_if_open(start);
    errno = saved;
    return fd;
}
