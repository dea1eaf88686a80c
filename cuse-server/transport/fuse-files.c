/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/transport/fuse-files.h"

#include <errno.h>
#include <linux/fuse.h>
#include <string.h>
#include <sys/stat.h>

#include <fuse_lowlevel.h>

/* #syscalls:worker writev */

/* What is looked up never changes. */
#define ATTRIBUTES_SECONDS 86400.0

/*
 * Inode: a file or a directory; its number is its index in the table, plus 1.
 * @parent: the directory's number; the root's own
 */
typedef struct {
    fuse_ino_t parent;
    char *name;
    bool is_file;
} Inode;

typedef struct {
    GArray *inodes;
    GMutex lock;
    GHashTable *expected; /* thread -> the file that it has looked up and not yet opened */
} FuseFiles;

G_STATIC_ASSERT(FUSE_FILES_FIRST_INODE == FUSE_ROOT_ID + 1);

static const Inode *inode_of(const FuseFiles *files, fuse_ino_t number)
{
    return number - FUSE_ROOT_ID < files->inodes->len
               ? &g_array_index(files->inodes, Inode, number - FUSE_ROOT_ID)
               : NULL;
}

/* The number of what a directory has under a name; 0: nothing. */
static fuse_ino_t find(const FuseFiles *files, fuse_ino_t parent, const char *name)
{
    for (guint i = 1; i < files->inodes->len; i++) {
        const Inode *inode = &g_array_index(files->inodes, Inode, i);
        if (inode->parent == parent && g_str_equal(inode->name, name)) {
            return i + FUSE_ROOT_ID;
        }
    }
    return 0;
}

static fuse_ino_t add_directory(FuseFiles *files, fuse_ino_t parent, const char *name)
{
    fuse_ino_t number = find(files, parent, name);
    const Inode inode = {.parent = parent, .name = g_strdup(name)};

    if (number) {
        g_free(inode.name);
        return number;
    }
    g_array_append_val(files->inodes, inode);
    return files->inodes->len - 1 + FUSE_ROOT_ID;
}

/* Put a device's file where its name says, below "dev". */
static void place_file(FuseFiles *files, fuse_ino_t number, const char *device)
{
    g_auto(GStrv) parts = g_strsplit(device, "/", -1);
    fuse_ino_t directory = add_directory(files, FUSE_ROOT_ID, "dev");
    guint last = g_strv_length(parts) - 1;

    for (guint i = 0; i < last; i++) {
        directory = add_directory(files, directory, parts[i]);
    }
    Inode *inode = &g_array_index(files->inodes, Inode, number - FUSE_ROOT_ID);
    *inode = (Inode){.parent = directory, .name = g_strdup(parts[last]), .is_file = true};
}

static FuseFiles *files_new(const Proxy *proxy)
{
    FuseFiles *files = g_new0(FuseFiles, 1);

    g_mutex_init(&files->lock);
    files->expected = g_hash_table_new(NULL, NULL);
    files->inodes = g_array_new(FALSE, TRUE, sizeof(Inode));
    /* The root and the files have fixed numbers; directories come after them. */
    g_array_set_size(files->inodes, 1 + proxy->n_devices);
    for (guint i = 0; i < files->inodes->len; i++) {
        g_array_index(files->inodes, Inode, i) =
            (Inode){.parent = FUSE_ROOT_ID, .name = g_strdup("")};
    }
    for (unsigned i = 0; i < proxy->n_devices; i++) {
        place_file(files, FUSE_FILES_FIRST_INODE + i, proxy->devices[i].name);
    }
    return files;
}

static FuseFiles *files_of(fuse_req_t fuse)
{
    const CallSource *source = fuse_req_userdata(fuse);

    return source->room;
}

static CallContext *context_of(fuse_req_t fuse)
{
    const CallSource *source = fuse_req_userdata(fuse);

    return source->context;
}

static struct stat attributes(fuse_ino_t number, const Inode *inode)
{
    return (struct stat){
        .st_ino = number,
        .st_nlink = 1,
        .st_mode = inode->is_file ? S_IFREG | FUSE_FILES_MODE : S_IFDIR | 0755,
    };
}

/* --- names ------------------------------------------------------------------------------------ */

static void expect_open(FuseFiles *files, pid_t tid, fuse_ino_t number)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&files->lock);

    g_hash_table_insert(files->expected, GINT_TO_POINTER(tid), GSIZE_TO_POINTER(number));
}

static bool is_expected(FuseFiles *files, pid_t tid, fuse_ino_t number)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&files->lock);
    bool expected =
        g_hash_table_lookup(files->expected, GINT_TO_POINTER(tid)) == GSIZE_TO_POINTER(number);

    g_hash_table_remove(files->expected, GINT_TO_POINTER(tid));
    return expected;
}

/* Nothing is kept of what was looked up: the kernel asks again for every open. */
static void on_lookup(fuse_req_t fuse, fuse_ino_t parent, const char *name)
{
    FuseFiles *files = files_of(fuse);
    fuse_ino_t number = find(files, parent, name);

    if (!number) {
        fuse_reply_err(fuse, ENOENT);
        return;
    }
    const Inode *inode = inode_of(files, number);
    const struct fuse_entry_param entry = {
        .ino = number,
        .attr = attributes(number, inode),
        .attr_timeout = ATTRIBUTES_SECONDS,
        .entry_timeout = 0,
    };
    if (inode->is_file) {
        expect_open(files, fuse_req_ctx(fuse)->pid, number);
    }
    fuse_reply_entry(fuse, &entry);
}

static void on_getattr(fuse_req_t fuse, fuse_ino_t number, struct fuse_file_info *info)
{
    const Inode *inode = inode_of(files_of(fuse), number);

    (void)info;
    if (inode) {
        const struct stat st = attributes(number, inode);
        fuse_reply_attr(fuse, &st, ATTRIBUTES_SECONDS);
    } else {
        fuse_reply_err(fuse, ESTALE);
    }
}

static void on_setattr(fuse_req_t fuse, fuse_ino_t number, struct stat *wanted, int which,
                       struct fuse_file_info *info)
{
    (void)number;
    (void)wanted;
    (void)which;
    (void)info;
    fuse_reply_err(fuse, EPERM);
}

/* --- files ------------------------------------------------------------------------------------ */

static void on_open(fuse_req_t fuse, fuse_ino_t number, struct fuse_file_info *info)
{
    FuseFiles *files = files_of(fuse);

    if (is_expected(files, fuse_req_ctx(fuse)->pid, number)) {
        info->direct_io = 1; /* neither cached nor mapped */
        file_call_open(context_of(fuse), fuse, (unsigned)(number - FUSE_FILES_FIRST_INODE), info);
    } else {
        fuse_reply_err(fuse, EACCES);
    }
}

static void on_release(fuse_req_t fuse, fuse_ino_t number, struct fuse_file_info *info)
{
    (void)number;
    file_call_release(context_of(fuse), fuse, info);
}

static void on_poll(fuse_req_t fuse, fuse_ino_t number, struct fuse_file_info *info,
                    struct fuse_pollhandle *handle)
{
    (void)number;
    file_call_poll(context_of(fuse), fuse, info, handle);
}

/* What the container's filter does not send to the listener is no number of the driver's, or was made by
 * a program of another ABI. */
static void on_ioctl(fuse_req_t fuse, fuse_ino_t number, unsigned command, void *argument,
                     struct fuse_file_info *info, unsigned flags, const void *in, size_t in_size,
                     size_t out_size)
{
    CallContext *context = context_of(fuse);

    (void)number;
    (void)in;
    (void)in_size;
    (void)out_size;
    if (file_call_identify(context, fuse, command, argument, info)) {
        return;
    }
    if (flags & (FUSE_IOCTL_COMPAT | FUSE_IOCTL_32BIT | FUSE_IOCTL_COMPAT_X32)) {
        file_call_refuse(context, fuse, command, info, EOPNOTSUPP, REFUSAL_COMPAT);
    } else {
        file_call_refuse(context, fuse, command, info, EINVAL, REFUSAL_UNKNOWN_IOCTL);
    }
}

/* The driver has neither read nor write. */
static void on_read(fuse_req_t fuse, fuse_ino_t number, size_t size, off_t offset,
                    struct fuse_file_info *info)
{
    (void)number;
    (void)size;
    (void)offset;
    (void)info;
    fuse_reply_err(fuse, EINVAL);
}

static void on_write(fuse_req_t fuse, fuse_ino_t number, const char *data, size_t size,
                     off_t offset, struct fuse_file_info *info)
{
    (void)number;
    (void)data;
    (void)size;
    (void)offset;
    (void)info;
    fuse_reply_err(fuse, EINVAL);
}

/* Of all that the kernel offers to regular files, these need nothing. The answer that it waits for before
 * anybody's first request follows at once. */
static void on_init(void *userdata, struct fuse_conn_info *connection)
{
    connection->want = 0;
    connection->max_readahead = 0;
    call_source_initialised(userdata);
}

static const struct fuse_lowlevel_ops operations = {
    .init = on_init,
    .lookup = on_lookup,
    .getattr = on_getattr,
    .setattr = on_setattr,
    .open = on_open,
    .read = on_read,
    .write = on_write,
    .release = on_release,
    .ioctl = on_ioctl,
    .poll = on_poll,
};

struct fuse_session *fuse_files_session(CallSource *source)
{
    char program[] = "nvcuse";
    char *argv[] = {program, NULL};
    struct fuse_args args = FUSE_ARGS_INIT(1, argv);

    source->room = files_new(source->context->proxy);
    struct fuse_session *session = fuse_session_new(&args, &operations, sizeof operations, source);
    fuse_opt_free_args(&args);
    return session;
}
