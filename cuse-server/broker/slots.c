/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/broker/char-devices.h"

/* #syscalls:before mkdir openat fcntl ftruncate pread64 pwrite64 close */

#define RUN_DIRECTORY "/run/nvcuse"
#define SLOTS_FILE    RUN_DIRECTORY "/slots.lock"

enum {
    /* The upper range that the kernel hands out itself, from its top, when the lower one is full
     * (include/linux/fs.h, CHRDEV_MAJOR_DYN_EXT_END and _START): its bottom is what it comes to
     * last. */
    MAJOR_FIRST = 384,
    MAJOR_LAST = 511,
    MAJOR_LOCK = SLOTS_MAX, /* the byte that guards the file's text */
};

static bool fail(GError **error, const char *what)
{
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s: %s", what, g_strerror(errno));
    return false;
}

/* Returns 0 or -1 with errno; EAGAIN: somebody else has it (only without @wait). */
static int lock_byte(int fd, off_t byte, short type, bool wait)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    int result;

    do {
        result = fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
    } while (result < 0 && errno == EINTR);
    return result;
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

static unsigned read_major(int fd)
{
    char text[16];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);

    text[n > 0 ? n : 0] = '\0';
    return (unsigned)strtoul(text, NULL, 10);
}

static bool write_major(int fd, unsigned major_no)
{
    g_autofree char *text = g_strdup_printf("%u\n", major_no);

    return ftruncate(fd, 0) == 0 && pwrite(fd, text, strlen(text), 0) == (ssize_t)strlen(text);
}

/* The major that is written down, unless another driver has taken it; else a new one. 0: none. */
static unsigned choose_major(int fd, const GArray *devices)
{
    unsigned known = read_major(fd);

    if (known >= MAJOR_FIRST && known <= MAJOR_LAST && major_use(devices, known) != MAJOR_FOREIGN) {
        return known;
    }
    for (unsigned m = MAJOR_FIRST; m <= MAJOR_LAST; m++) {
        if (major_use(devices, m) == MAJOR_FREE) {
            return write_major(fd, m) ? m : 0;
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
    if (lock_byte(fd, MAJOR_LOCK, F_WRLCK, true) < 0) {
        return fail(error, "cannot lock " SLOTS_FILE);
    }
    *major_no = choose_major(fd, devices);
    lock_byte(fd, MAJOR_LOCK, F_UNLCK, true);
    if (*major_no == 0) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                            "no character device major is free between 384 and 511, or " SLOTS_FILE
                            " cannot be written");
        return false;
    }
    return true;
}

static bool take_free_slot(Slot *slot, GError **error)
{
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        if (lock_byte(slot->lock, i, F_WRLCK, false) == 0) {
            slot->first_minor = i * SLOT_MINORS;
            return true;
        }
        if (errno != EAGAIN && errno != EACCES) {
            return fail(error, "cannot lock " SLOTS_FILE);
        }
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "all %d instance slots are taken",
                SLOTS_MAX);
    return false;
}

bool slot_take(Slot *slot, GError **error)
{
    if (mkdir(RUN_DIRECTORY, 0755) < 0 && errno != EEXIST) {
        return fail(error, "cannot make " RUN_DIRECTORY);
    }
    slot->lock = open(SLOTS_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (slot->lock < 0) {
        return fail(error, "cannot open " SLOTS_FILE);
    }
    if (agree_on_major(slot->lock, &slot->major_no, error) && take_free_slot(slot, error)) {
        return true;
    }
    close(slot->lock);
    slot->lock = -1;
    return false;
}
