/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/worker/doors/fuse-files.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <fuse_lowlevel.h>

#include "cuse-server/worker/doors/ioctl-calls.h"

/* #syscalls:worker writev */

/* How long the kernel may cache attributes: a day, since they never change. */
#define ATTRIBUTES_SECONDS 86400.0

/*
 * Place: the position of a file or a directory in the tree. Its number is its index in the table, plus FUSE_ROOT_ID.
 * @parent: the number of the directory that contains it; the root contains itself
 */
typedef struct {
    unsigned parent;
    char *name;
    bool is_file;
} Place;

typedef struct {
    GArray *places;
    GMutex lock;
    GHashTable *expected; /* thread -> id of the file that it has looked up and not yet opened */
} FuseFiles;

G_STATIC_ASSERT(FUSE_FILES_FIRST_PLACE == FUSE_ROOT_ID + 1);

/* Find the place of an inode. Returns NULL if there is no such inode. */
static const Place *place_of(const FuseFiles *files, fuse_ino_t inode)
{
    unsigned index = fuse_files_place(inode) - FUSE_ROOT_ID;

    return index < files->places->len ? &g_array_index(files->places, Place, index) : NULL;
}

/* Find the number of a directory's entry by name. Returns 0 if there is no such entry. */
static unsigned find(const FuseFiles *files, unsigned parent, const char *name)
{
    for (guint i = 1; i < files->places->len; i++) {
        const Place *place = &g_array_index(files->places, Place, i);
        if (place->parent == parent && g_str_equal(place->name, name)) {
            return i + FUSE_ROOT_ID;
        }
    }
    return 0;
}

static unsigned add_directory(FuseFiles *files, unsigned parent, const char *name)
{
    unsigned found = find(files, parent, name);
    const Place place = {.parent = parent, .name = g_strdup(name)};

    if (found) {
        g_free(place.name);
        return found;
    }
    g_array_append_val(files->places, place);
    return files->places->len - 1 + FUSE_ROOT_ID;
}

/* Put a device's file where its name says, below "dev". */
static void place_file(FuseFiles *files, unsigned number, const char *device)
{
    g_auto(GStrv) parts = g_strsplit(device, "/", -1);
    unsigned directory = add_directory(files, FUSE_ROOT_ID, "dev");
    guint last = g_strv_length(parts) - 1;

    for (guint i = 0; i < last; i++) {
        directory = add_directory(files, directory, parts[i]);
    }
    Place *place = &g_array_index(files->places, Place, number - FUSE_ROOT_ID);
    *place = (Place){.parent = directory, .name = g_strdup(parts[last]), .is_file = true};
}

static FuseFiles *files_new(const Proxy *proxy)
{
    FuseFiles *files = g_new0(FuseFiles, 1);

    g_mutex_init(&files->lock);
    files->expected = g_hash_table_new(NULL, NULL);
    files->places = g_array_new(FALSE, TRUE, sizeof(Place));
    /* The root and the files have fixed places; directories come after them. */
    g_array_set_size(files->places, 1 + proxy->n_devices);
    for (guint i = 0; i < files->places->len; i++) {
        g_array_index(files->places, Place, i) =
            (Place){.parent = FUSE_ROOT_ID, .name = g_strdup("")};
    }
    for (unsigned i = 0; i < proxy->n_devices; i++) {
        place_file(files, FUSE_FILES_FIRST_PLACE + i, proxy->devices[i].name);
    }
    g_assert(files->places->len < 1u << FUSE_FILES_PLACE_BITS);
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

static struct stat attributes(fuse_ino_t inode, const Place *place)
{
    return (struct stat){
        .st_ino = inode,
        .st_nlink = 1,
        .st_mode = place->is_file ? S_IFREG | FUSE_FILES_MODE : S_IFDIR | 0755,
    };
}

/* --- names ------------------------------------------------------------------------------------ */

/* Get the id of the file that a thread is about to open; make a new id if the thread has none yet. Returns 0 if no id is left. */
static uint32_t expect_open(FuseFiles *files, NvFileTable *table, pid_t tid)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&files->lock);
    gpointer id = g_hash_table_lookup(files->expected, GINT_TO_POINTER(tid));

    if (!id) {
        id = GUINT_TO_POINTER(nv_file_table_new_id(table));
        g_hash_table_insert(files->expected, GINT_TO_POINTER(tid), id);
    }
    return GPOINTER_TO_UINT(id);
}

static bool is_expected(FuseFiles *files, pid_t tid, uint64_t id)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&files->lock);
    gpointer expected = g_hash_table_lookup(files->expected, GINT_TO_POINTER(tid));

    if (!expected || GPOINTER_TO_UINT(expected) != id) {
        return false;
    }
    g_hash_table_remove(files->expected, GINT_TO_POINTER(tid));
    return true;
}

/*
 * Answer a lookup. The kernel is told to cache no name (entry_timeout 0). So for every open it looks up "dev" again, finds that
 * "dev" has another inode now, and looks up everything below again. A file that is still open lies in the earlier "dev" and so
 * keeps its name, as /proc/PID/fd shows it. If the file's own name came to mean another file instead, the kernel would show the
 * open file as deleted.
 */
static void on_lookup(fuse_req_t fuse, fuse_ino_t parent, const char *name)
{
    FuseFiles *files = files_of(fuse);
    unsigned found = find(files, fuse_files_place(parent), name);
    uint64_t id = fuse_files_id(parent);

    if (found && parent == FUSE_ROOT_ID) {
        id = expect_open(files, context_of(fuse)->proxy->files, fuse_req_ctx(fuse)->pid);
    }
    if (!found || id == 0) {
        fuse_reply_err(fuse, found ? ENFILE : ENOENT);
        return;
    }
    const fuse_ino_t inode = id << FUSE_FILES_PLACE_BITS | found;
    const struct fuse_entry_param entry = {
        .ino = inode,
        .attr = attributes(inode, place_of(files, inode)),
        .attr_timeout = ATTRIBUTES_SECONDS,
        .entry_timeout = 0,
    };
    fuse_reply_entry(fuse, &entry);
}

static void on_getattr(fuse_req_t fuse, fuse_ino_t inode, struct fuse_file_info *info)
{
    const Place *place = place_of(files_of(fuse), inode);

    (void)info;
    if (place) {
        const struct stat st = attributes(inode, place);
        fuse_reply_attr(fuse, &st, ATTRIBUTES_SECONDS);
    } else {
        fuse_reply_err(fuse, ESTALE);
    }
}

static void on_setattr(fuse_req_t fuse, fuse_ino_t inode, struct stat *wanted, int which,
                       struct fuse_file_info *info)
{
    (void)inode;
    (void)wanted;
    (void)which;
    (void)info;
    fuse_reply_err(fuse, EPERM);
}

/* --- files ------------------------------------------------------------------------------------ */

static void on_open(fuse_req_t fuse, fuse_ino_t inode, struct fuse_file_info *info)
{
    const uint64_t id = fuse_files_id(inode);

    if (is_expected(files_of(fuse), fuse_req_ctx(fuse)->pid, id)) {
        info->direct_io = 1; /* the kernel neither caches nor maps the file */
        info->noflush = 1;   /* closing one of several descriptors needs no request */
        file_call_open(context_of(fuse), fuse, (uint32_t)id,
                       fuse_files_place(inode) - FUSE_FILES_FIRST_PLACE, info);
    } else {
        fuse_reply_err(fuse, EACCES);
    }
}

static void on_release(fuse_req_t fuse, fuse_ino_t inode, struct fuse_file_info *info)
{
    (void)inode;
    file_call_release(context_of(fuse), fuse, info);
}

static void on_poll(fuse_req_t fuse, fuse_ino_t inode, struct fuse_file_info *info,
                    struct fuse_pollhandle *handle)
{
    (void)inode;
    file_call_poll(context_of(fuse), fuse, info, handle);
}

static void on_ioctl(fuse_req_t fuse, fuse_ino_t inode, unsigned command, void *argument,
                     struct fuse_file_info *info, unsigned flags, const void *in, size_t in_size,
                     size_t out_size)
{
    const IoctlData data = {command, (uintptr_t)argument, flags, in, in_size, out_size};

    (void)inode;
    ioctl_call(fuse, info, &data);
}

/* Refuse read and write: the driver does not implement them. */
static void on_read(fuse_req_t fuse, fuse_ino_t inode, size_t size, off_t offset,
                    struct fuse_file_info *info)
{
    (void)inode;
    (void)size;
    (void)offset;
    (void)info;
    fuse_reply_err(fuse, EINVAL);
}

static void on_write(fuse_req_t fuse, fuse_ino_t inode, const char *data, size_t size, off_t offset,
                     struct fuse_file_info *info)
{
    (void)inode;
    (void)data;
    (void)size;
    (void)offset;
    (void)info;
    fuse_reply_err(fuse, EINVAL);
}

/* Decline all features that the kernel offers for regular files: our files need none of them. The reply to INIT follows at
 * once; the kernel sends no request of a caller before it. */
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
