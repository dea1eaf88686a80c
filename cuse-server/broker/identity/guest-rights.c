/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/identity/guest-rights.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/base/namespace-inode.h"
#include "cuse-server/base/proc-status.h"
#include "cuse-server/broker/identity/guest-thread.h"

/* #syscalls:broker openat newfstatat fstat readlinkat read close ioctl */

enum {
    STAT_STARTTIME = 22, /* proc(5) */
    STAT_STARTCODE = 26,
    STAT_STARTSTACK = 28,
    RECORD_BYTES = 4096,
    USER_LEVELS_MAX =
        33, /* user namespaces nest no deeper: kernel/user_namespace.c, create_user_ns() */
};

/* --- reading ---------------------------------------------------------------------------------- */

/*
 * Read a file in a thread's directory, and get the file's owner. The file is one record: a read that does not fill the buffer
 * has reached its end.
 * @owner: set; may be NULL
 * Returns: (transfer full), or NULL.
 */
static char *read_record(const char *directory, const char *name, uid_t *owner)
{
    g_autofree char *path = g_strconcat(directory, "/", name, NULL);
    g_autoptr(GString) text = g_string_sized_new(RECORD_BYTES);
    char room[RECORD_BYTES];
    struct stat st;
    ssize_t n = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0 && (!owner || fstat(fd, &st) == 0)) {
        do {
            n = read(fd, room, sizeof room);
            g_string_append_len(text, room, MAX(n, 0));
        } while (n == sizeof room);
    }
    if (n >= 0 && owner) {
        *owner = st.st_uid;
    }
    close_if_open(fd);
    return n < 0 ? NULL : g_string_free(g_steal_pointer(&text), FALSE);
}

/*
 * Read a thread's /proc/PID/status, and get the file's owner: the thread's effective user, or root if the process is not
 * dumpable (fs/proc/base.c, task_dump_owner()).
 */
static char *read_status(const char *directory, uid_t *owner)
{
    return read_record(directory, "status", owner);
}

static char *read_stat(const char *directory)
{
    return read_record(directory, "stat", NULL);
}

/* Get the text after "NAME:" in /proc/PID/status. Returns NULL if there is no such line. */
static const char *status_line(const char *status, const char *name)
{
    g_autofree char *start = g_strconcat("\n", name, ":", NULL);
    const char *at = strstr(status, start);

    return at ? at + strlen(start) : NULL;
}

/* Read up to @max numbers from the rest of a line. Returns how many numbers the line has. */
static unsigned line_numbers(const char *at, uint32_t *numbers, unsigned max)
{
    unsigned n = 0;

    for (;; n++) {
        at += strspn(at, " \t");
        if (!g_ascii_isdigit(*at)) {
            return n;
        }
        char *end;
        uint64_t number = strtoull(at, &end, 10);
        if (n < max) {
            numbers[n] = (uint32_t)number;
        }
        at = end;
    }
}

static bool read_ids(const char *status, const char *name, uint32_t *ids)
{
    const char *line = status_line(status, name);

    return line && line_numbers(line, ids, GUEST_IDS) == GUEST_IDS;
}

static GuestRights *allocate(const char *status)
{
    const char *line = status_line(status, "Groups");
    unsigned found = line ? line_numbers(line, NULL, 0) : 0;
    unsigned n = MIN(found, GUEST_GROUPS_MAX);
    GuestRights *rights = g_atomic_rc_box_alloc0(sizeof *rights + n * sizeof rights->groups[0]);

    rights->n_groups = n;
    rights->more_groups = found > n;
    if (n) {
        line_numbers(line, rights->groups, n);
    }
    return rights;
}

static bool read_user_namespace(const char *directory, ino_t *inode)
{
    g_autofree char *path = g_strconcat(directory, "/ns/user", NULL);

    *inode = namespace_inode(path);
    return *inode != 0;
}

/* Get a number from /proc/PID/stat. The name, field 2, may contain any characters. */
static uint64_t stat_number(const char *stat, int wanted)
{
    const char *at = strrchr(stat, ')');

    for (int field = 2; at && field < wanted; field++) {
        at = strchr(at + 1, ' ');
    }
    return at ? strtoull(at + 1, NULL, 10) : 0;
}

/* Read the process's id and image. The start time of the process is that of its first thread, which may be this thread. */
static bool read_process(const char *directory, const char *status, GuestRights *rights)
{
    uint64_t group;
    uint64_t thread;

    if (!proc_status_number(status, "Tgid", 0, 10, &group) ||
        !proc_status_number(status, "Pid", 0, 10, &thread)) {
        return false;
    }
    const bool is_first = thread == group;
    g_autofree char *stat = read_stat(directory);
    g_autofree char *leader = g_strdup_printf("/proc/%d", (pid_t)group);
    g_autofree char *first = is_first ? NULL : read_stat(leader);
    if (!stat || (!is_first && !first)) {
        return false;
    }
    rights->process =
        guest_process_id(stat_number(is_first ? stat : first, STAT_STARTTIME), (pid_t)group);
    rights->image[0] = stat_number(stat, STAT_STARTCODE);
    rights->image[1] = stat_number(stat, STAT_STARTSTACK);
    return true;
}

bool guest_image_read(const char *directory, GuestImage *image)
{
    g_autofree char *stat = read_stat(directory);

    if (!stat) {
        return false;
    }
    *image = (GuestImage){
        .start = stat_number(stat, STAT_STARTTIME),
        .image = {stat_number(stat, STAT_STARTCODE), stat_number(stat, STAT_STARTSTACK)},
    };
    return true;
}

GuestRights *guest_rights_read(const char *directory, bool whole)
{
    uid_t owner;
    g_autofree char *status = read_status(directory, &owner);
    const char *permitted = status ? status_line(status, "CapPrm") : NULL;

    if (!permitted) {
        return NULL;
    }
    g_autoptr(GuestRights) rights = allocate(status);
    rights->capabilities = strtoull(permitted, NULL, 16);
    if (!read_ids(status, "Uid", rights->uids) || !read_ids(status, "Gid", rights->gids) ||
        ((whole || rights->capabilities) &&
         !read_user_namespace(directory, &rights->user_namespace))) {
        return NULL;
    }
    rights->dumpable = owner == rights->uids[1];
    if ((whole || !rights->dumpable) && !read_process(directory, status, rights)) {
        return NULL;
    }
    return g_steal_pointer(&rights);
}

void guest_rights_unref(GuestRights *rights)
{
    if (rights) {
        g_atomic_rc_box_release(rights);
    }
}

bool guest_rights_below(const char *directory, ino_t user_namespace)
{
    g_autofree char *path = g_strconcat(directory, "/ns/user", NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool found = false;

    /* The kernel does not show namespaces above the broker's own. */
    for (int level = 0; fd >= 0 && !found && level < USER_LEVELS_MAX; level++) {
        struct stat st;
        int parent = ioctl(fd, NS_GET_PARENT);
        close(fd);
        fd = parent;
        found = fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == user_namespace;
    }
    close_if_open(fd);
    return found;
}

/* --- comparing -------------------------------------------------------------------------------- */

static bool has(const GuestRights *rights, unsigned capability)
{
    return rights->capabilities >> capability & 1;
}

static bool is_among(uint32_t id, const uint32_t *ids, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (ids[i] == id) {
            return true;
        }
    }
    return false;
}

static bool users_within(const GuestRights *caller, const GuestRights *opener)
{
    for (unsigned i = 0; i < GUEST_IDS; i++) {
        if (!is_among(caller->uids[i], opener->uids, GUEST_IDS)) {
            return false;
        }
    }
    return true;
}

static bool has_group(const GuestRights *rights, uint32_t group)
{
    return is_among(group, rights->gids, GUEST_IDS) ||
           is_among(group, rights->groups, rights->n_groups);
}

static bool groups_within(const GuestRights *caller, const GuestRights *opener)
{
    if (caller->more_groups) {
        return false;
    }
    for (unsigned i = 0; i < GUEST_IDS; i++) {
        if (!has_group(opener, caller->gids[i])) {
            return false;
        }
    }
    for (unsigned i = 0; i < caller->n_groups; i++) {
        if (!has_group(opener, caller->groups[i])) {
            return false;
        }
    }
    return true;
}

static bool capabilities_within(const GuestRights *caller, const GuestRights *opener, bool below)
{
    return caller->user_namespace == opener->user_namespace
               ? !(caller->capabilities & ~opener->capabilities)
               : below || !caller->capabilities;
}

static bool is_same_program(const GuestRights *caller, const GuestRights *opener)
{
    return caller->process == opener->process && caller->image[0] == opener->image[0] &&
           caller->image[1] == opener->image[1];
}

bool guest_rights_within(const GuestRights *caller, const GuestRights *opener, bool below)
{
    return capabilities_within(caller, opener, below) &&
           (has(opener, CAP_SETUID) || users_within(caller, opener)) &&
           (has(opener, CAP_SETGID) || groups_within(caller, opener)) &&
           (caller->dumpable || has(opener, CAP_SETUID) || is_same_program(caller, opener));
}

/* Are the real, the effective and the saved id all @id? The file system's id does not count. */
static bool are_all(const uint32_t ids[GUEST_IDS], uint32_t id)
{
    for (unsigned i = 0; i < GUEST_ID_FILES; i++) {
        if (ids[i] != id) {
            return false;
        }
    }
    return true;
}

bool guest_rights_may_trace(const GuestRights *tracer, const GuestRights *target, bool below)
{
    if (has(tracer, CAP_SYS_PTRACE) &&
        (below || tracer->user_namespace == target->user_namespace)) {
        return true;
    }
    return are_all(target->uids, tracer->uids[0]) && are_all(target->gids, tracer->gids[0]) &&
           target->dumpable && capabilities_within(target, tracer, below);
}
