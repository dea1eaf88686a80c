/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/sandbox/lockup.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cap-ng.h>
#include <gio/gio.h>

#include "cuse-server/base/mounts/detached-mount.h"
#include "cuse-server/sandbox/landlock.h"

static bool fail(GError **error, const char *what)
{
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                "cannot sandbox the worker: %s: %s", what, g_strerror(errno));
    return false;
}

bool lockup_find_identity(LockupIdentity *identity, GError **error)
{
    const struct passwd *user = getpwnam("nvcuse");

    if (!user) {
        user = getpwnam("nobody");
    }
    if (!user || user->pw_uid == 0) {
        g_set_error_literal(
            error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
            "user 'nvcuse' not found: the server of the container's /proc runs as this "
            "user; create it (systemd-sysusers, or useradd --system nvcuse)");
        return false;
    }
    *identity = (LockupIdentity){.uid = user->pw_uid, .gid = user->pw_gid};
    return true;
}

/* Leave the controlling terminal, so that the worker cannot push input into it. */
static bool stage_session(GError **error)
{
    return setsid() >= 0 || fail(error, "setsid");
}

/*
 * Take away the network and IPC objects: the worker communicates only through files that it was
 * given. Give the worker its own mount namespace, so that it does not see the host's mounts, nor
 * keep one of them busy.
 */
static bool stage_namespaces(GError **error)
{
    return (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS) == 0 &&
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0) ||
           fail(error, "unshare");
}

/*
 * Leave nothing to open: make the root an empty, read-only file system, the only one of the
 * namespace. pivot_root() fails with EINVAL where the current root is not a mount (a chroot). Then
 * change into the empty file system instead. That holds as long as the process does not have
 * CAP_SYS_CHROOT, which a later stage drops.
 */
static bool stage_empty_root(GError **error)
{
    int root = detached_tmpfs(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                              MOUNT_ATTR_NOEXEC);
    bool ok = root >= 0 && move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) == 0 &&
              fchdir(root) == 0;

    if (ok && syscall(SYS_pivot_root, ".", ".") == 0) {
        ok = umount2(".", MNT_DETACH) == 0;
    } else {
        ok = ok && errno == EINVAL;
    }
    if (!ok || fchdir(root) < 0 || chroot(".") < 0) {
        return fail(error, "enter an empty root");
    }
    close(root);
    return true;
}

/* Change to the worker's own user. Signals, ptrace and /proc of other users are then out of
 * reach. */
static bool stage_identity(const LockupIdentity *identity, GError **error)
{
    return (setgroups(0, NULL) == 0 &&
            setresgid(identity->gid, identity->gid, identity->gid) == 0 &&
            setresuid(identity->uid, identity->uid, identity->uid) == 0) ||
           fail(error, "change user");
}

/* Drop every capability from every set, and set no_new_privs so that exec cannot bring one back. */
static bool stage_capabilities(GError **error)
{
    capng_clear(CAPNG_SELECT_ALL);
    if (capng_apply(CAPNG_SELECT_CAPS) < 0 || capng_apply(CAPNG_SELECT_AMBIENT) < 0) {
        return fail(error, "drop capabilities");
    }
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 || fail(error, "no_new_privs");
}

/* Drop the bounding set while the process still has CAP_SETPCAP. */
static bool stage_bounding_set(GError **error)
{
    capng_clear(CAPNG_SELECT_BOUNDS);
    return capng_apply(CAPNG_SELECT_BOUNDS) == 0 || fail(error, "drop the bounding set");
}

/* Forbid core files, which would contain guests' data. This also forbids debuggers, and hides
 * /proc/PID of the worker from other workers. */
static bool stage_not_dumpable(GError **error)
{
    const struct rlimit none = {0, 0};

    return (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && setrlimit(RLIMIT_CORE, &none) == 0) ||
           fail(error, "forbid core dumps and tracing");
}

/*
 * Set limits. A resource that no worker needs gets the limit 0. Files get the configured limit.
 * Memory gets no separate limit: the limits of files, clients, objects and threads bound it.
 */
static bool stage_limits(unsigned files, GError **error)
{
    static const int unneeded[] = {RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_RTPRIO};
    const struct rlimit none = {0, 0};
    struct rlimit limit;

    for (size_t i = 0; i < G_N_ELEMENTS(unneeded); i++) {
        if (setrlimit((__rlimit_resource_t)unneeded[i], &none) < 0) {
            return fail(error, "limit resources");
        }
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
        return fail(error, "limit files");
    }
    limit.rlim_max = MIN(limit.rlim_max, files);
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 || fail(error, "limit files");
}

/* Put Landlock in front of file systems as a second wall, in case one of the others has a hole. */
static bool stage_landlock(GError **error)
{
    return landlock_restrict_all() >= 0 || fail(error, "landlock");
}

/* Find the value of a "Name:\tvalue" line of /proc/PID/status. Returns NULL if there is no such
 * line. The caller frees it. */
static char *status_value(char *const *lines, const char *name)
{
    for (; *lines; lines++) {
        if (g_str_has_prefix(*lines, name) && (*lines)[strlen(name)] == ':') {
            return g_strstrip(g_strdup(*lines + strlen(name) + 1));
        }
    }
    return NULL;
}

static bool expect(char *const *lines, const char *name, const char *expected, GError **error)
{
    g_autofree char *value = status_value(lines, name);

    if (g_strcmp0(value, expected) == 0) {
        return true;
    }
    g_set_error(
        error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
        "the worker's sandbox is incomplete: %s in /proc/self/status is '%s', expected '%s'", name,
        value ? value : "(absent)", expected);
    return false;
}

bool lockup_assert(int proc_self_status, const LockupIdentity *identity, GError **error)
{
    static const char *const capability_sets[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};
    char text[8192];
    ssize_t n = pread(proc_self_status, text, sizeof text - 1, 0);
    g_autofree char *uid = g_strdup_printf("%u\t%u\t%u\t%u", identity->uid, identity->uid,
                                           identity->uid, identity->uid);
    g_auto(GStrv) lines = NULL;

    if (n < 0) {
        return fail(error, "read /proc/self/status");
    }
    text[n] = '\0';
    lines = g_strsplit(text, "\n", -1);
    for (size_t i = 0; i < G_N_ELEMENTS(capability_sets); i++) {
        if (!expect(lines, capability_sets[i], "0000000000000000", error)) {
            return false;
        }
    }
    return expect(lines, "Uid", uid, error) && expect(lines, "Groups", "", error) &&
           expect(lines, "NoNewPrivs", "1", error);
}

bool lockup_worker(const LockupIdentity *identity, const LockupNeeds *needs, GError **error)
{
    int status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    bool ok = (status >= 0 || fail(error, "open /proc/self/status")) && stage_session(error) &&
              stage_namespaces(error) && stage_empty_root(error) && stage_bounding_set(error) &&
              stage_limits(needs->files, error) && stage_identity(identity, error) &&
              stage_capabilities(error) && stage_not_dumpable(error) &&
              (needs->directories || stage_landlock(error)) &&
              lockup_assert(status, identity, error);

    if (status >= 0) {
        close(status);
    }
    return ok;
}
