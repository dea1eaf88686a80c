/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/identity/guest-members.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/base/namespace-inode.h"
#include "cuse-server/broker/guests/notification.h"

/*
 * #syscalls:broker openat newfstatat fstat readlinkat read close fcntl ioctl
 * #syscalls:before getpid
 */

struct GuestMembers {
    ino_t own_namespace;
    GMutex lock; /* guards what follows */
    GArray *
        homes; /* of GuestHome; a few: a container has one, and one for each "exec" that made its own */
};

static int open_namespace(pid_t tid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/ns/pid", tid);

    return open(path, O_RDONLY | O_CLOEXEC);
}

static ino_t inode_of(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* Get the thread's path in the unified hierarchy, from the line "0::PATH" of /proc/PID/cgroup. Without that hierarchy,
 * all processes count as members of one group, "/". */
static char *cgroup_of(pid_t tid)
{
    g_autofree char *file = g_strdup_printf("/proc/%d/cgroup", tid);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(file, &text, NULL, NULL)) {
        return NULL;
    }
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        if (g_str_has_prefix(*line, "0::/")) {
            return g_strdup(*line + 3);
        }
    }
    return g_strdup("/");
}

/* --- homes ------------------------------------------------------------------------------------ */

bool guest_home_find(pid_t tid, GuestHome *home)
{
    *home = (GuestHome){.fd = open_namespace(tid)};
    if (home->fd < 0) {
        return false;
    }
    home->pid_namespace = inode_of(home->fd);
    home->cgroup = cgroup_of(tid);
    return home->pid_namespace != 0;
}

void guest_home_clear(GuestHome *home)
{
    g_clear_pointer(&home->cgroup, g_free);
    if (home->fd >= 0) {
        close(home->fd);
        home->fd = -1;
    }
}

/* --- members ---------------------------------------------------------------------------------- */

GuestMembers *guest_members_new(void)
{
    GuestMembers *members = g_new0(GuestMembers, 1);
    int fd = open_namespace(getpid());

    members->own_namespace = inode_of(fd);
    close(fd);
    g_mutex_init(&members->lock);
    members->homes = g_array_new(FALSE, FALSE, sizeof(GuestHome));
    g_array_set_clear_func(members->homes, (GDestroyNotify)guest_home_clear);
    return members;
}

void guest_members_free(GuestMembers *members)
{
    if (members) {
        g_array_unref(members->homes);
        g_mutex_clear(&members->lock);
        g_free(members);
    }
}

static bool is_below(const char *path, const char *top)
{
    size_t length = strlen(top);

    return g_str_equal(top, "/") ||
           (g_str_has_prefix(path, top) && (path[length] == '\0' || path[length] == '/'));
}

static bool has_namespace(GuestMembers *members, ino_t pid_namespace)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&members->lock);

    for (guint i = 0; i < members->homes->len; i++) {
        const GuestHome *home = &g_array_index(members->homes, GuestHome, i);
        if (home->pid_namespace == pid_namespace && pid_namespace != members->own_namespace) {
            return true;
        }
    }
    return false;
}

/* Is the control group that of a home, or below it? Looks only at homes in the broker's own pid namespace. */
static bool has_cgroup(GuestMembers *members, const char *cgroup)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&members->lock);

    for (guint i = 0; i < members->homes->len; i++) {
        const GuestHome *home = &g_array_index(members->homes, GuestHome, i);
        if (home->pid_namespace == members->own_namespace && home->cgroup && cgroup &&
            is_below(cgroup, home->cgroup)) {
            return true;
        }
    }
    return false;
}

/* Does a home have the pid namespace @fd, or one above it? Closes @fd. */
static bool namespace_is_member(GuestMembers *members, int fd)
{
    bool found = false;

    for (int level = 0; fd >= 0 && level < PID_NAMESPACE_LEVELS_MAX && !found; level++) {
        found = has_namespace(members, inode_of(fd));
        int parent = found ? -1 : ioctl(fd, NS_GET_PARENT);
        close(fd);
        fd = parent;
    }
    close_if_open(fd);
    return found;
}

static bool is_home(GuestMembers *members, const GuestHome *home)
{
    return namespace_is_member(members, fcntl(home->fd, F_DUPFD_CLOEXEC, 0)) ||
           has_cgroup(members, home->cgroup);
}

bool guest_members_know(GuestMembers *members, pid_t tid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/ns/pid", tid);

    return has_namespace(members, namespace_inode(path));
}

bool guest_members_have(GuestMembers *members, pid_t tid)
{
    if (guest_members_know(members, tid)) {
        return true; /* this is the usual case */
    }
    g_autofree char *cgroup = NULL;
    int fd = open_namespace(tid);

    if (fd < 0 || namespace_is_member(members, fd)) {
        return fd >= 0;
    }
    cgroup = cgroup_of(tid);
    return has_cgroup(members, cgroup);
}

void guest_members_add(GuestMembers *members, GuestHome *home)
{
    /* Do not add a namespace below one that is known. A guest may nest namespaces as deep as it likes: the first is enough. */
    if (is_home(members, home)) {
        guest_home_clear(home);
        return;
    }
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&members->lock);
    g_array_append_val(members->homes, *home);
    *home = (GuestHome){.fd = -1};
}

bool guest_members_admit(GuestMembers *members, int listener, const struct seccomp_notif *notif)
{
    g_auto(GuestHome) home = {.fd = -1};
    const pid_t tid = (pid_t)notif->pid;
    const bool known = guest_members_know(members, tid);

    if ((!known && !guest_home_find(tid, &home)) || !notification_is_valid(listener, notif->id)) {
        return false;
    }
    if (!known) {
        guest_members_add(members, &home);
    }
    return true;
}

bool guest_members_share_namespace(pid_t tid, pid_t other, unsigned levels)
{
    int own = open_namespace(tid);
    int fd = open_namespace(other);

    for (unsigned i = 0; fd >= 0 && i < levels; i++) {
        int parent = ioctl(fd, NS_GET_PARENT);
        close(fd);
        fd = parent;
    }
    bool same = own >= 0 && fd >= 0 && inode_of(own) != 0 && inode_of(own) == inode_of(fd);
    close_if_open(own);
    close_if_open(fd);
    return same;
}
