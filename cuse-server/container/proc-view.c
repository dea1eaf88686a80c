/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/container/proc-view.h"

#define FUSE_USE_VERSION 35

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/base/fd-keep.h"
#include "cuse-server/container/proc-tree.h"
#include "cuse-server/container/simulated-proc.h"
#include "cuse-server/sandbox/lockup.h"

/*
 * #syscalls:broker kill wait4 close
 * #syscalls:before openat fsopen fsconfig fsmount move_mount clone getpid getppid
 * #syscalls:before prctl rt_sigprocmask read writev write exit_group
 */

/* The kernel caches names and kinds this long: they do not change while the instance lives.
 * Contents are never cached. */
#define CACHE_SECONDS 3600.0

enum { FILES_MAX = 64 }; /* the server has one thread, which opens one file at a time */

static bool fail(GError **error, const char *what)
{
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                "cannot make the container's " PROC_TREE_DRIVER ": %s: %s", what,
                g_strerror(errno));
    return false;
}

/* --- the file system: FUSE counts from 1, the tree from 0 ------------------------------------- */

static ProcTree *tree_of(fuse_req_t req)
{
    return fuse_req_userdata(req);
}

/* Find the tree's node for an inode number. If there is none, answer the kernel with an error and
 * return false. The kernel is trusted not to ask for such numbers. */
static bool node_of(fuse_req_t req, fuse_ino_t ino, int *node)
{
    if (ino < 1 || !proc_tree_has(tree_of(req), ino - 1)) {
        fuse_reply_err(req, ESTALE);
        return false;
    }
    *node = (int)(ino - 1);
    return true;
}

static struct stat stat_of(const ProcTree *tree, int node)
{
    bool is_directory = proc_tree_is_directory(tree, node);

    return (struct stat){
        .st_ino = (ino_t)node + 1,
        .st_mode = is_directory ? S_IFDIR | 0555 : S_IFREG | 0444,
        .st_nlink = is_directory ? 2 : 1,
    };
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct fuse_entry_param entry = {.attr_timeout = CACHE_SECONDS, .entry_timeout = CACHE_SECONDS};
    int directory;

    if (!node_of(req, parent, &directory)) {
        return;
    }
    int node = proc_tree_lookup(tree_of(req), directory, name);
    if (node == PROC_TREE_NONE) {
        fuse_reply_err(req, ENOENT);
        return;
    }
    entry.ino = (fuse_ino_t)node + 1;
    entry.attr = stat_of(tree_of(req), node);
    fuse_reply_entry(req, &entry);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
    int node;

    (void)file;
    if (node_of(req, ino, &node)) {
        struct stat st = stat_of(tree_of(req), node);
        fuse_reply_attr(req, &st, CACHE_SECONDS);
    }
}

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
    int node;

    if (!node_of(req, ino, &node)) {
        return;
    }
    if ((file->flags & O_ACCMODE) != O_RDONLY) {
        fuse_reply_err(req, EROFS);
        return;
    }
    file->direct_io = 1; /* the files have no size, like the driver's */
    fuse_reply_open(req, file);
}

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                    struct fuse_file_info *file)
{
    g_autofree char *text = NULL;
    gsize length;
    int node;

    (void)file;
    if (!node_of(req, ino, &node)) {
        return;
    }
    text = proc_tree_read(tree_of(req), node, &length);
    if (!text) {
        fuse_reply_err(req, errno ? errno : EIO);
        return;
    }
    gsize start = MIN((gsize)MAX(offset, 0), length);
    fuse_reply_buf(req, text + start, MIN(size, length - start));
}

/* Add an entry to a listing. Returns false if it is full. */
static bool add_entry(fuse_req_t req, GString *listing, size_t size, const char *name, int node,
                      off_t next)
{
    struct stat st = stat_of(tree_of(req), node);
    size_t length = fuse_add_direntry(req, NULL, 0, name, NULL, 0);

    if (listing->len + length > size) {
        return false;
    }
    size_t at = listing->len;
    g_string_set_size(listing, at + length);
    fuse_add_direntry(req, listing->str + at, length, name, &st, next);
    return true;
}

/* List a directory. Offset 1 follows "." and offset 2 follows ".."; each further entry adds 1. */
static void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                       struct fuse_file_info *file)
{
    g_autoptr(GString) listing = g_string_new(NULL);
    const ProcTree *tree = tree_of(req);
    int directory;
    bool room = true;

    (void)file;
    if (!node_of(req, ino, &directory)) {
        return;
    }
    for (off_t at = MAX(offset, 0); room; at++) {
        int node;
        if (at < 2) {
            room = add_entry(req, listing, size, at == 0 ? "." : "..",
                             at == 0 ? directory : proc_tree_parent(tree, directory), at + 1);
        } else if ((node = proc_tree_child(tree, directory, (unsigned)(at - 2))) !=
                   PROC_TREE_NONE) {
            room = add_entry(req, listing, size, proc_tree_name(tree, node), node, at + 1);
        } else {
            break;
        }
    }
    fuse_reply_buf(req, listing->str, listing->len);
}

static const struct fuse_lowlevel_ops operations = {
    .lookup = op_lookup,
    .getattr = op_getattr,
    .open = op_open,
    .read = op_read,
    .readdir = op_readdir,
};

/* --- the process ------------------------------------------------------------------------------ */

/* What the server needs. Its files are opened before the server gives up everything else. */
typedef struct {
    int fuse;
    int driver;
    pid_t parent;
    LockupIdentity identity;
    const Device *devices;
    unsigned n_devices;
} Server;

static struct fuse_session *session_new(int fuse, ProcTree *tree)
{
    g_autofree char *path = g_strdup_printf("/dev/fd/%d", fuse);
    char program[] = "nvcuse-proc";
    char *argv[] = {program, NULL};
    struct fuse_args args = FUSE_ARGS_INIT(1, argv);
    struct fuse_session *session = fuse_session_new(&args, &operations, sizeof operations, tree);

    fuse_opt_free_args(&args);
    return session && fuse_session_mount(session, path) == 0 ? session : NULL;
}

static G_NORETURN void server_main(const Server *server)
{
    int keep[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, server->fuse, server->driver};
    g_autoptr(GError) error = NULL;
    sigset_t none;

    prctl(PR_SET_NAME, "nvcuse-proc");
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    fd_keep_only(keep, G_N_ELEMENTS(keep));
    const LockupNeeds needs = {.files = FILES_MAX, .directories = true};
    if (!lockup_worker(&server->identity, &needs, &error)) {
        g_printerr("nvcuse-proc: %s\n", error->message);
        _exit(EXIT_FAILURE);
    }
    /* Set the parent-death signal again: changing the user has cleared it. If the parent ended
     * before this call, no signal comes, so compare the parent's pid afterwards. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != server->parent) {
        _exit(EXIT_FAILURE);
    }
    ProcTree *tree = proc_tree_new(server->driver, server->devices, server->n_devices);
    struct fuse_session *session = session_new(server->fuse, tree);
    _exit(session && fuse_session_loop(session) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* Make the kernel's half: a file system that sends its requests to @fuse. Returns the mount,
 * attached nowhere, or -1. */
static int mount_fuse(int fuse, GError **error)
{
    g_autofree char *fd = g_strdup_printf("%d", fuse);
    const char *const strings[][2] = {
        {"source", "nvcuse"}, {"fd", fd},        {"rootmode", "40555"},
        {"user_id", "0"},     {"group_id", "0"},
    };
    int context = fsopen("fuse", FSOPEN_CLOEXEC);
    int mount = -1;
    bool ok = context >= 0;

    for (size_t i = 0; ok && i < G_N_ELEMENTS(strings); i++) {
        ok = fsconfig(context, FSCONFIG_SET_STRING, strings[i][0], strings[i][1], 0) == 0;
    }
    /* Let the container's users in: they are not the host's root. The modes of the files decide
     * what they may read. */
    ok = ok && fsconfig(context, FSCONFIG_SET_FLAG, "allow_other", NULL, 0) == 0 &&
         fsconfig(context, FSCONFIG_SET_FLAG, "default_permissions", NULL, 0) == 0 &&
         fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0 &&
         (mount = fsmount(context, FSMOUNT_CLOEXEC,
                          MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                              MOUNT_ATTR_NOEXEC)) >= 0;
    if (!ok) {
        fail(error, "mount FUSE");
    }
    close_if_open(context);
    return mount;
}

static bool fork_server(ProcView *view, const Server *server, GError **error)
{
    view->mount = mount_fuse(server->fuse, error);
    if (view->mount < 0) {
        return false;
    }
    view->pid = fork();
    if (view->pid == 0) {
        server_main(server);
    }
    return view->pid > 0 || fail(error, "fork");
}

bool proc_view_start(ProcView *view, const Device *devices, unsigned n_devices, GError **error)
{
    Server server = {
        .fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC),
        .driver = open(PROC_TREE_DRIVER, O_PATH | O_DIRECTORY | O_CLOEXEC),
        .parent = getpid(),
        .devices = devices,
        .n_devices = n_devices,
    };
    bool ok;

    *view = (ProcView){.pid = -1, .mount = -1};
    if (server.fuse < 0) {
        ok = fail(error, "open /dev/fuse (try modprobe fuse)");
    } else if (server.driver < 0) {
        ok = fail(error, "open the host's");
    } else {
        ok = lockup_find_identity(&server.identity, error) && fork_server(view, &server, error);
    }
    close_if_open(server.fuse);
    close_if_open(server.driver);
    if (!ok) {
        proc_view_stop(view);
    }
    return ok;
}

bool proc_view_simulate(ProcView *view, const Simulation *simulation, const Device *devices,
                        unsigned n_devices, GError **error)
{
    *view =
        (ProcView){.pid = -1, .mount = simulated_proc_new(simulation, devices, n_devices, error)};
    return view->mount >= 0;
}

void proc_view_stop(ProcView *view)
{
    if (view->pid > 0) {
        kill(view->pid, SIGKILL);
        waitpid(view->pid, NULL, 0);
    }
    close_if_open(view->mount);
    *view = (ProcView){.pid = -1, .mount = -1};
}

bool proc_view_attach(int mount, GError **error)
{
    bool ok = simulated_proc_is(mount)
                  ? simulated_proc_attach(mount)
                  : move_mount(mount, "", AT_FDCWD, PROC_TREE_DRIVER, MOVE_MOUNT_F_EMPTY_PATH) == 0;

    return ok || fail(error, "attach it");
}
