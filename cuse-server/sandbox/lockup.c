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

#include "cuse-server/base/detached-mount.h"
#include "cuse-server/sandbox/landlock.h"

static bool fail(GError **error, const char *what)
{
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                "cannot lock up the worker: %s: %s", what, g_strerror(errno));
    return false;
}

bool lockup_find_identity(LockupIdentity *identity, GError **error)
{
    const struct passwd *user = getpwnam("nvcuse");

    if (!user) {
        user = getpwnam("nobody");
    }
    if (!user || user->pw_uid == 0) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                            "no user for the server of /proc: create a system user 'nvcuse' "
                            "(systemd-sysusers, or useradd --system nvcuse)");
        return false;
    }
    *identity = (LockupIdentity){.uid = user->pw_uid, .gid = user->pw_gid};
    return true;
}

/* No controlling terminal to push input into. */
static bool stage_session(GError **error)
{
    return setsid() >= 0 || fail(error, "setsid");
}

/*
 * No network and no IPC objects: the worker talks through files it was given. Mounts of its own, so
 * that it sees none of the host's, and keeps none of them busy.
 */
static bool stage_namespaces(GError **error)
{
    return (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS) == 0 &&
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0) ||
           fail(error, "unshare");
}

/*
 * Nothing to open: the root is an empty file system, read-only, and the only one of the namespace.
 * Where our root is no mount of its own (a chroot) it cannot be exchanged; then the empty one is
 * changed into, which holds as long as CAP_SYS_CHROOT is gone: a later stage takes it.
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

/* A user of its own: signals, ptrace and /proc of other users are out of reach. */
static bool stage_identity(const LockupIdentity *identity, GError **error)
{
    return (setgroups(0, NULL) == 0 &&
            setresgid(identity->gid, identity->gid, identity->gid) == 0 &&
            setresuid(identity->uid, identity->uid, identity->uid) == 0) ||
           fail(error, "change user");
}

/* No capability in any set, and none to come back by exec. */
static bool stage_capabilities(GError **error)
{
    capng_clear(CAPNG_SELECT_ALL);
    if (capng_apply(CAPNG_SELECT_CAPS) < 0 || capng_apply(CAPNG_SELECT_AMBIENT) < 0) {
        return fail(error, "drop capabilities");
    }
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 || fail(error, "no_new_privs");
}

/* The bounding set goes while CAP_SETPCAP is still there. */
static bool stage_bounding_set(GError **error)
{
    capng_clear(CAPNG_SELECT_BOUNDS);
    return capng_apply(CAPNG_SELECT_BOUNDS) == 0 || fail(error, "drop the bounding set");
}

/* No core file with guests' data in it, no debugger, no /proc/PID of ours for other workers. */
static bool stage_not_dumpable(GError **error)
{
    const struct rlimit none = {0, 0};

    return (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && setrlimit(RLIMIT_CORE, &none) == 0) ||
           fail(error, "forbid core dumps and tracing");
}

/*
 * What no worker needs is bounded at nothing, files at what it was configured for. Memory has no
 * limit of its own: the limits of files, clients, objects and threads bound it.
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

/* A second wall in front of file systems, for the day when one of the others has a hole. */
static bool stage_landlock(GError **error)
{
    return landlock_restrict_all() >= 0 || fail(error, "landlock");
}

/* The value of a "Name:\tvalue" line of /proc/PID/status, or NULL. The caller frees it. */
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
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                "the worker is not locked up: %s is '%s', expected '%s'", name,
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
