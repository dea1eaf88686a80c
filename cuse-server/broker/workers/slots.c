/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/workers/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/inventory/char-devices.h"
#include "cuse-server/sandbox/worker-ids.h"

/* #syscalls:before mkdir openat flock ftruncate pread64 pwrite64 close */

#define RUN_DIRECTORY   "/run/nvcuse"
#define LOCKS_DIRECTORY RUN_DIRECTORY "/.locks" /* no instance can have this name */
#define MAJOR_FILE      LOCKS_DIRECTORY "/major"

enum {
    /* The upper range of majors that the kernel assigns dynamically. It uses this range when the lower one is full, from
     * the top down (include/linux/fs.h, CHRDEV_MAJOR_DYN_EXT_END and _START). So it assigns the bottom last, and nvcuse
     * begins there. */
    MAJOR_FIRST = 384,
    MAJOR_LAST = 511,
};

static bool fail(GError **error, const char *what)
{
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s: %s", what, g_strerror(errno));
    return false;
}

/* Lock a file. Returns 0, or -1 with errno set; EWOULDBLOCK: another process has the lock (only with LOCK_NB). */
static int lock_file(int fd, int operation)
{
    int result;

    do {
        result = flock(fd, operation);
    } while (result < 0 && errno == EINTR);
    return result;
}

static bool make_directory(const char *path, mode_t mode, GError **error)
{
    if (mkdir(path, mode) == 0 || errno == EEXIST) {
        return true;
    }
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot make %s: %s", path,
                g_strerror(errno));
    return false;
}

static bool make_directories(GError **error)
{
    return make_directory(RUN_DIRECTORY, 0755, error) &&
           make_directory(LOCKS_DIRECTORY, 0700, error);
}

typedef enum { MAJOR_FREE, MAJOR_OURS, MAJOR_FOREIGN } MajorUse;

static MajorUse major_use(const GArray *devices, unsigned major_no)
{
    MajorUse use = MAJOR_FREE;

    for (guint i = 0; i < devices->len; i++) {
        const CharDevice *device = &g_array_index(devices, CharDevice, i);
        if (device->major_no != major_no) {
            continue;
        }
        if (!g_str_has_prefix(device->name, "nvcuse!")) {
            return MAJOR_FOREIGN;
        }
        use = MAJOR_OURS;
    }
    return use;
}

/* Read the number that the file contains. Returns 0 if the file is still empty. */
static unsigned read_number(int fd)
{
    char text[16];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);

    text[n > 0 ? n : 0] = '\0';
    return (unsigned)strtoul(text, NULL, 10);
}

static bool write_number(int fd, unsigned number)
{
    g_autofree char *text = g_strdup_printf("%u\n", number);

    return ftruncate(fd, 0) == 0 && pwrite(fd, text, strlen(text), 0) == (ssize_t)strlen(text);
}

/* Choose the major: the one that the file contains, unless another driver has taken it meanwhile; otherwise a free one, which
 * is written to the file. Returns 0 if no major is free, or the file cannot be written. */
static unsigned choose_major(int fd, const GArray *devices)
{
    unsigned known = read_number(fd);

    if (known >= MAJOR_FIRST && known <= MAJOR_LAST && major_use(devices, known) != MAJOR_FOREIGN) {
        return known;
    }
    for (unsigned m = MAJOR_FIRST; m <= MAJOR_LAST; m++) {
        if (major_use(devices, m) == MAJOR_FREE) {
            return write_number(fd, m) ? m : 0;
        }
    }
    return 0;
}

static bool agree_on_major(int fd, unsigned *major_no, GError **error)
{
    g_autoptr(GArray) devices = char_devices_read(error);

    if (!devices) {
        return false;
    }
    if (lock_file(fd, LOCK_EX) < 0) {
        return fail(error, "cannot lock " MAJOR_FILE);
    }
    *major_no = choose_major(fd, devices);
    if (*major_no == 0) {
        g_set_error_literal(
            error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
            "cannot choose a device major: none is free between 384 and 511, or " MAJOR_FILE
            " cannot be written");
    }
    return *major_no > 0;
}

bool slots_major(unsigned *major_no, GError **error)
{
    if (!make_directories(error)) {
        return false;
    }
    int fd = open(MAJOR_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return fail(error, "cannot open " MAJOR_FILE);
    }
    bool ok = agree_on_major(fd, major_no, error);
    close(fd); /* this releases the lock */
    return ok;
}

/* Take a slot. Returns a descriptor that holds it, or -1 with errno set; EWOULDBLOCK: another instance holds it. */
static int take(const char *directory, unsigned number)
{
    g_autofree char *path = g_strdup_printf("%s/%u", directory, number);
    int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd >= 0 && lock_file(fd, LOCK_EX | LOCK_NB) < 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        fd = -1;
    }
    return fd;
}

/* Take the first free slot from @turn on; after the last slot, go on with slot 0. The caller holds the lock of "next". */
static bool take_from(const char *directory, unsigned turn, unsigned count, Slot *slot,
                      GError **error)
{
    for (unsigned i = 0; i < count; i++) {
        slot->number = (turn + i) % count;
        slot->lock = take(directory, slot->number);
        if (slot->lock >= 0) {
            return true;
        }
        if (errno != EWOULDBLOCK) {
            g_autofree char *what = g_strdup_printf("cannot take a slot in %s", directory);
            return fail(error, what);
        }
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                "cannot start another instance: all %u slots are taken: there is one for each user "
                "id of workers, %d of "
                "them unless /etc/subuid gives nvcuse fewer",
                count, SLOTS_MAX);
    return false;
}

static void give_back(Slot *slot)
{
    close_if_open(slot->lock);
    slot->lock = -1;
}

bool slot_take_number(const char *directory, unsigned count, Slot *slot, GError **error)
{
    g_autofree char *path = g_strdup_printf("%s/next", directory);
    g_autofree char *what = g_strdup_printf("cannot keep in %s whose turn it is", path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    slot->lock = -1;
    if (fd < 0 || lock_file(fd, LOCK_EX) < 0) {
        (void)fail(error, what);
    } else if (take_from(directory, read_number(fd) % count, count, slot, error) &&
               !write_number(fd, (slot->number + 1) % count)) {
        (void)fail(error, what);
        give_back(slot);
    }
    close_if_open(fd); /* this releases the lock */
    return slot->lock >= 0;
}

bool slot_take(Slot *slot, GError **error)
{
    WorkerIds ids;

    if (!make_directories(error) || !worker_ids_read(&ids, error)) {
        return false;
    }
    const unsigned count = MIN(ids.count, SLOTS_MAX);
    /* Try each slot once: skip those whose user id belongs to a user of the host. */
    for (unsigned i = 0; i < count; i++) {
        g_clear_error(error);
        if (!slot_take_number(LOCKS_DIRECTORY, count, slot, error)) {
            return false;
        }
        if (worker_ids_find(&ids, slot->number, &slot->identity, error)) {
            return true;
        }
        give_back(slot);
    }
    return false;
}

unsigned slot_first_minor(const Slot *slot)
{
    return slot->number * SLOT_MINORS;
}
