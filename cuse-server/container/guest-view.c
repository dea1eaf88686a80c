/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/container/guest-view.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/base/mounts/detached-mount.h"
#include "cuse-server/container/proc-view.h"

static bool fail(GError **error, const char *what, const char *name)
{
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s %s: %s", what, name,
                g_strerror(errno));
    return false;
}

/* Is this an entry of /dev that would lead to the driver without nvcuse? These are the driver's own
 * nodes (nvidia-drm's are in dri) and the devices from which instances are made. */
static bool is_hidden(const char *name)
{
    static const char *const hidden[] = {"cuse", "dri", "nvcuse", NULL};

    return g_str_has_prefix(name, "nvidia") || g_strv_contains(hidden, name);
}

/* --- /dev ------------------------------------------------------------------------------------- */

/* An entry of the host's /dev that will be bound into the guest's, as a separate mount. */
typedef struct {
    char *name;
    int mount;
} Entry;

static void entry_clear(Entry *entry)
{
    g_free(entry->name);
    close(entry->mount);
}

static bool copy_link(int from, int to, const char *name)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(from, name, target, sizeof target - 1);

    if (n < 0) {
        return false;
    }
    target[n] = '\0';
    return symlinkat(target, to, name) == 0;
}

/* Make the place in the new /dev that the entry will be bound to. */
static bool make_mount_point(int to, const char *name, mode_t mode)
{
    int fd;

    if (S_ISDIR(mode)) {
        return mkdirat(to, name, 0755) == 0;
    }
    fd = openat(to, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    return fd >= 0 && close(fd) == 0;
}

/*
 * Bring one entry over: copy a link, and prepare everything else for binding. An entry that
 * disappears meanwhile is left out.
 */
static bool take_entry(int from, int to, const char *name, GArray *entries)
{
    struct stat st;

    if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        return errno == ENOENT;
    }
    if (S_ISLNK(st.st_mode)) {
        return copy_link(from, to, name);
    }
    int mount = open_tree(from, name,
                          OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW |
                              (S_ISDIR(st.st_mode) ? AT_RECURSIVE : 0));
    if (mount < 0) {
        return errno == ENOENT;
    }
    Entry entry = {.name = g_strdup(name), .mount = mount};
    g_array_append_val(entries, entry);
    return make_mount_point(to, name, st.st_mode);
}

static bool take_entries(int to, GArray *entries, GError **error)
{
    DIR *host = opendir("/dev");
    const struct dirent *found;
    bool ok = host || fail(error, "cannot read", "/dev");

    while (ok && (found = readdir(host))) {
        const char *name = found->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !is_hidden(name) &&
            !take_entry(dirfd(host), to, name, entries)) {
            ok = fail(error, "cannot copy an entry of the host's /dev into the guest's:", name);
        }
    }
    if (host) {
        closedir(host);
    }
    return ok;
}

/* Make the directory of a node. Only capabilities' nodes have one, named after their kind. */
static bool make_directory_of(int dev, const char *name)
{
    g_autofree char *directory = g_path_get_dirname(name);

    return g_str_equal(directory, ".") || mkdirat(dev, directory, 0755) == 0 || errno == EEXIST;
}

static bool make_nodes(int dev, const Device *devices, unsigned n_devices, GError **error)
{
    for (unsigned i = 0; i < n_devices; i++) {
        const char *name = devices[i].name;
        if (device_has_node(&devices[i]) &&
            (!make_directory_of(dev, name) ||
             mknodat(dev, name, S_IFCHR | 0666, devices[i].number) < 0 ||
             fchmodat(dev, name, 0666, 0) < 0)) {
            return fail(error, "cannot make the guest's node", name);
        }
    }
    return true;
}

static bool attach(int mount, const char *path, GError **error)
{
    return move_mount(mount, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) == 0 ||
           fail(error, "cannot mount", path);
}

static bool enter_dev(const Device *devices, unsigned n_devices, GError **error)
{
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    int dev = detached_tmpfs(MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    bool ok = dev >= 0 || fail(error, "cannot make", "the guest's /dev");

    g_array_set_clear_func(entries, (GDestroyNotify)entry_clear);
    ok = ok && take_entries(dev, entries, error) && make_nodes(dev, devices, n_devices, error) &&
         attach(dev, "/dev", error);
    for (guint i = 0; ok && i < entries->len; i++) {
        const Entry *entry = &g_array_index(entries, Entry, i);
        g_autofree char *path = g_build_filename("/dev", entry->name, NULL);
        ok = attach(entry->mount, path, error);
    }
    close_if_open(dev);
    return ok;
}

/* --- /proc ------------------------------------------------------------------------------------ */

static bool enter_proc(int proc_view, GError **error)
{
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) {
        return fail(error, "cannot mount", "/proc");
    }
    return proc_view_attach(proc_view, error);
}

bool guest_view_enter(const Device *devices, unsigned n_devices, int proc_view, GError **error)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
        return fail(error, "cannot make the guest's mounts private:", "/");
    }
    return enter_dev(devices, n_devices, error) && enter_proc(proc_view, error);
}
