/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/container/container-files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/base/mounts/detached-mount.h"

/* In a list of names: behind the name of a node that can only be opened, and behind the list. */
#define OPEN_ONLY_MARK "*"
#define ALL_OPENS_MARK "+"

static bool fail(GError **error, const char *what, const char *name)
{
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s %s: %s", what, name,
                g_strerror(errno));
    return false;
}

/* Make the directory that a node's name contains, if any. It is one level deep: nvidia-caps/nvidia-cap1. */
static bool make_directory_of(int at, const char *name)
{
    g_autofree char *directory = g_path_get_dirname(name);

    return g_str_equal(directory, ".") || mkdirat(at, directory, 0755) == 0 || errno == EEXIST;
}

int container_nodes_new(const Device *devices, unsigned n_devices, GError **error)
{
    int fs = detached_tmpfs(MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    bool ok = fs >= 0 || fail(error, "cannot make a file system for", "the container's nodes");

    for (unsigned i = 0; ok && i < n_devices; i++) {
        const char *name = devices[i].name;
        ok = !device_has_node(&devices[i]) ||
             (make_directory_of(fs, name) &&
              mknodat(fs, name, S_IFCHR | 0666, devices[i].number) == 0 &&
              fchmodat(fs, name, 0666, 0) == 0) ||
             fail(error, "cannot make the container's node", name);
    }
    if (!ok && fs >= 0) {
        close(fs);
    }
    return ok ? fs : -1;
}

char *container_node_names(const Device *devices, unsigned n_devices, const FilterNeeds *needs)
{
    g_autoptr(GString) names = g_string_new(NULL);

    for (unsigned i = 0; i < n_devices; i++) {
        if (device_has_node(&devices[i])) {
            g_string_append_printf(names, "%s%s%s", names->len ? "," : "", devices[i].name,
                                   devices[i].kind == DEVICE_OPEN_ONLY ? OPEN_ONLY_MARK : "");
        }
    }
    g_string_append(names, needs->all_opens ? ALL_OPENS_MARK : "");
    return g_string_free(g_steal_pointer(&names), FALSE);
}

FilterNeeds container_node_needs(const char *names)
{
    return (FilterNeeds){.capability_nodes = strstr(names, OPEN_ONLY_MARK),
                         .all_opens = strstr(names, ALL_OPENS_MARK)};
}

/* The caller frees the list with g_strfreev(). */
static char **split_names(const char *names)
{
    g_auto(GStrv) marked = g_strsplit_set(names, OPEN_ONLY_MARK ALL_OPENS_MARK, -1);
    g_autofree char *plain = g_strjoinv("", marked);

    return g_strsplit(plain, ",", -1);
}

/* Open a directory of the container. Refuse links: the image chooses them, and they may lead to a volume that the
 * host has as well. */
static int open_inside(int root, const char *path)
{
    struct open_how how = {
        .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS,
    };

    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

/*
 * Keep mounts on or below this place in the container's namespace. If the place is in a volume that is shared with
 * the host (rshared), a mount on it would also appear in the host's directory, and stay there. So this is done for
 * each place on the way to a mount. EINVAL means that no mount begins at this place. It then belongs to the
 * container's root file system, which is not shared.
 */
static bool make_private(int place)
{
    struct mount_attr attributes = {.propagation = MS_PRIVATE};

    return mount_setattr(place, "", AT_EMPTY_PATH, &attributes, sizeof attributes) == 0 ||
           errno == EINVAL;
}

/* Make a place private. Returns the place, or closes it and returns -1 if that fails. */
static int private_place(int place)
{
    if (place >= 0 && !make_private(place)) {
        int saved = errno;
        close(place);
        errno = saved;
        return -1;
    }
    return place;
}

/* Make and open the directory of a node in the container's /dev. Fail if the container has a link there. */
static int open_directory_of(int dev, const char *name)
{
    g_autofree char *directory = g_path_get_dirname(name);

    return make_directory_of(dev, name)
               ? private_place(
                     openat(dev, directory, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC))
               : -1;
}

/* Open the place that a node will be bound to. Make a file there if nothing exists. Remove a link, because it could
 * lead anywhere. */
static int open_file(int dev, const char *name)
{
    struct stat st;
    int fd;

    if (fstatat(dev, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode) &&
        unlinkat(dev, name, 0) < 0) {
        return -1;
    }
    fd = openat(dev, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0) {
        close(fd);
    } else if (errno != EEXIST) {
        return -1;
    }
    return private_place(openat(dev, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
}

static bool attach(int mount, int target)
{
    return move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) ==
           0;
}

/* Open the place of a node in the container's /dev, which open_file() makes if necessary. */
static int open_target(int dev, const char *name)
{
    g_autofree char *base = g_path_get_basename(name);
    int directory = open_directory_of(dev, name);
    int fd = directory < 0 ? -1 : open_file(directory, base);
    int saved = errno;

    close_if_open(directory);
    errno = saved;
    return fd;
}

/* Make a separate mount of each node. The kernel clones a file only from a mount that is attached. So @nodes is
 * attached over the container's /dev while this function runs. */
static bool clone_nodes(int dev, int nodes, char **names, int *mounts, GError **error)
{
    g_autofree char *self = g_strdup_printf("/proc/self/fd/%d", nodes);
    bool ok = attach(nodes, dev) || fail(error, "cannot mount", "the container's nodes");

    for (size_t i = 0; ok && names[i]; i++) {
        mounts[i] = open_tree(nodes, names[i], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        ok = mounts[i] >= 0 || fail(error, "cannot clone the container's node", names[i]);
    }
    return ok && (umount2(self, MNT_DETACH) == 0 ||
                  fail(error, "cannot unmount", "the container's nodes"));
}

static bool attach_nodes(int root, const char *names, int nodes, GError **error)
{
    g_auto(GStrv) list = split_names(names);
    guint n = g_strv_length(list);
    g_autofree int *mounts = g_new(int, n);
    int dev = private_place(open_inside(root, "dev"));
    bool ok = dev >= 0 || fail(error, "cannot open the container's", "/dev");

    memset(mounts, -1, n * sizeof *mounts);
    ok = ok && clone_nodes(dev, nodes, list, mounts, error);
    for (guint i = 0; i < n; i++) {
        if (ok) {
            int target = open_target(dev, list[i]);
            ok = (target >= 0 && attach(mounts[i], target)) ||
                 fail(error, "cannot bind a node into the container's /dev:", list[i]);
            close_if_open(target);
        }
        if (mounts[i] >= 0) {
            close(mounts[i]);
        }
    }
    close_if_open(dev);
    return ok;
}

/* Open the place of the view in the container's /proc. Returns -1 on failure. */
static int open_view(int root)
{
    int proc = private_place(open_inside(root, "proc"));
    int driver = proc < 0 ? -1 : private_place(open_inside(proc, "driver"));
    int target = driver < 0 ? -1 : private_place(open_inside(driver, "nvidia"));
    int saved = errno;

    close_if_open(proc);
    close_if_open(driver);
    errno = saved;
    return target;
}

/* Attach the view. A container without this /proc directory needs no view: that is not an error. */
static bool attach_view(int root, int proc_view, GError **error)
{
    int target = open_view(root);

    if (target < 0) {
        return errno == ENOENT || fail(error, "cannot open the container's", "/proc/driver/nvidia");
    }
    bool ok = attach(proc_view, target) ||
              fail(error, "cannot mount the container's", "/proc/driver/nvidia");
    close(target);
    return ok;
}

bool container_files_attach(const char *rootfs, const char *names, int nodes, int proc_view,
                            GError **error)
{
    int root = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool ok = root >= 0 || fail(error, "cannot open the container's root", rootfs);

    ok = ok && attach_nodes(root, names, nodes, error) && attach_view(root, proc_view, error);
    close_if_open(root);
    return ok;
}
