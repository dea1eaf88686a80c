/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/observe/run-directory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/close-if-open.h"

/*
 * #syscalls:broker unlink rmdir
 * #syscalls:before mkdir openat flock clock_nanosleep newfstatat fstat stat access getdents64 close
 * #syscalls:before socket setsockopt connect shutdown recvfrom
 */

enum {
    ANSWER_BYTES_MAX = 1 << 20,
    ANSWER_SECONDS = 5,
    LOCK_TRIES = 20, /* nvcuse ps holds the lock of a directory for an instant */
    LOCK_MICROSECONDS = 10000,
};

static const char *const files[] = {"control",    "control.new", "limits",
                                    "limits.new", "metrics",     "metrics.new"};

char *run_directory_path(const char *instance, const char *file)
{
    return g_build_filename(RUN_DIRECTORY_ROOT, instance, file, NULL);
}

static void remove_files(const char *instance)
{
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = run_directory_path(instance, files[i]);
        unlink(path);
    }
}

/* Check that the opened directory is still at its path. An instance that ended may just have removed it. */
static bool is_at(int fd, const char *path)
{
    struct stat opened;
    struct stat found;

    return fstat(fd, &opened) == 0 && stat(path, &found) == 0 && opened.st_ino == found.st_ino &&
           opened.st_dev == found.st_dev;
}

/* Lock a directory. Tries for a moment, because `nvcuse ps` may be looking whether it is left over. Returns false with errno;
 * EWOULDBLOCK: another process holds the lock. */
static bool lock_directory(int fd)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            return true;
        }
        if (errno != EWOULDBLOCK) {
            return false;
        }
        g_usleep(LOCK_MICROSECONDS);
    }
    errno = EWOULDBLOCK;
    return false;
}

/* Make or open the directory, and lock it. Returns -1 with errno; EWOULDBLOCK: another process holds the lock. */
static int make_locked(const char *path)
{
    for (;;) {
        if ((mkdir(RUN_DIRECTORY_ROOT, 0755) < 0 && errno != EEXIST) ||
            (mkdir(path, 0700) < 0 && errno != EEXIST)) {
            return -1;
        }
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        bool locked = fd >= 0 && lock_directory(fd);
        if (locked && is_at(fd, path)) {
            return fd;
        }
        int saved = errno;
        close_if_open(fd);
        if (!locked && saved != ENOENT) {
            errno = saved;
            return -1;
        }
    }
}

int run_directory_make(const char *instance, GError **error)
{
    g_autofree char *path = run_directory_path(instance, NULL);
    int fd = make_locked(path);

    if (fd >= 0) {
        remove_files(instance);
    } else if (errno == EWOULDBLOCK) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                    "instance '%s' is running, or still ending: choose another name, or stop it",
                    instance);
    } else {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot make %s: %s", path,
                    g_strerror(errno));
    }
    return fd;
}

void run_directory_remove(const char *instance)
{
    g_autofree char *directory = run_directory_path(instance, NULL);

    remove_files(instance);
    rmdir(directory);
}

static void fail(GError **error, const char *path)
{
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s: %s", path, g_strerror(errno));
}

int run_directory_connect(const char *instance, const char *file, int type)
{
    const struct timeval patience = {.tv_sec = ANSWER_SECONDS};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_autofree char *path = run_directory_path(instance, file);
    int fd = -1;

    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
    } else if ((fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0)) >= 0 &&
               (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
                connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)) {
        const int saved = errno;
        close(fd);
        errno = saved;
        fd = -1;
    }
    return fd;
}

static char *read_answer(int fd, const char *path, GError **error)
{
    g_autoptr(GString) answer = g_string_new(NULL);
    char part[4096];
    ssize_t n;

    while ((n = recv(fd, part, sizeof part, 0)) > 0) {
        if (answer->len + (size_t)n > ANSWER_BYTES_MAX) {
            errno = EMSGSIZE;
            n = -1;
            break;
        }
        g_string_append_len(answer, part, n);
    }
    if (n < 0) {
        fail(error, path);
        return NULL;
    }
    return g_string_free(g_steal_pointer(&answer), FALSE);
}

char *run_directory_ask(const char *instance, const char *file, GError **error)
{
    g_autofree char *path = run_directory_path(instance, file);
    int fd = run_directory_connect(instance, file, SOCK_STREAM);
    char *answer = NULL;

    if (fd < 0) {
        fail(error, path);
        return NULL;
    }
    if (shutdown(fd, SHUT_WR) == 0) {
        answer = read_answer(fd, path, error);
    } else {
        fail(error, path);
    }
    close(fd);
    return answer;
}

/*
 * Tell whether an instance is gone, and remove its directory then. A living instance holds the lock, from before it opens its sockets
 * until it has ended. One that starts at this moment tries again while the lock is held here (make_locked()).
 */
static bool remove_if_gone(const char *instance)
{
    g_autofree char *path = run_directory_path(instance, NULL);
    int fd = g_ascii_isalnum(*instance) /* .locks belongs to no instance */
                 ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                 : -1;
    bool gone = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;

    if (gone && is_at(fd, path)) {
        run_directory_remove(instance);
    }
    close_if_open(fd);
    return gone;
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *run_directory_list(void)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) directory = g_dir_open(RUN_DIRECTORY_ROOT, 0, NULL);
    const char *name;

    while (directory && (name = g_dir_read_name(directory))) {
        g_autofree char *control = run_directory_path(name, "control");
        /* Without that socket, it is a file, or an instance that is just starting. */
        if (!remove_if_gone(name) && g_file_test(control, G_FILE_TEST_EXISTS)) {
            g_ptr_array_add(names, g_strdup(name));
        }
    }
    g_ptr_array_sort(names, by_name);
    return names;
}

/* Set the error for a word that means no instance, or several. @found: their names, joined */
static char *refuse_word(const char *word, const GString *found, GError **error)
{
    if (found->len) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "several instances have names that begin with '%s': %s; give more of the name",
                    word, found->str);
    } else {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                    "no instance has the name '%s', or one that begins with it: expected one of "
                    "those that `nvcuse ps` lists",
                    word);
    }
    return NULL;
}

char *run_directory_find(const char *word, GError **error)
{
    g_autoptr(GPtrArray) names = NULL;
    g_autoptr(GString) found = g_string_new(NULL);
    const char *only = NULL;
    unsigned n = 0;

    if (geteuid() != 0) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                            "must be run as root: only root may ask and change instances");
        return NULL;
    }
    names = run_directory_list();
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        if (g_str_equal(name, word)) {
            return g_strdup(name);
        }
        if (*word && g_str_has_prefix(name, word)) {
            g_string_append_printf(found, "%s%s", found->len ? ", " : "", name);
            only = name;
            n++;
        }
    }
    return n == 1 ? g_strdup(only) : refuse_word(word, found, error);
}
