/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/identity/openers.h"

#include <errno.h>

struct Openers {
    unsigned max;
    GMutex lock;       /* guards what follows */
    GHashTable *files; /* FileKey (in the Opener) -> Opener */
    GQueue order;      /* of Opener, the oldest first */
};

typedef struct {
    FileKey file;
    GuestRights *rights;
    GList link;
} Opener;

Openers *openers_new(unsigned max)
{
    Openers *openers = g_new0(Openers, 1);

    openers->max = max;
    g_mutex_init(&openers->lock);
    openers->files = g_hash_table_new(g_int64_hash, g_int64_equal);
    g_queue_init(&openers->order);
    return openers;
}

/* Forget a file, if @opener is not NULL. The caller holds the lock. */
static void drop(Openers *openers, Opener *opener)
{
    if (opener) {
        g_hash_table_remove(openers->files, &opener->file);
        g_queue_unlink(&openers->order, &opener->link);
        guest_rights_unref(opener->rights);
        g_free(opener);
    }
}

static Opener *oldest(Openers *openers)
{
    return g_queue_peek_head(&openers->order);
}

static Opener *find(Openers *openers, FileKey file)
{
    return g_hash_table_lookup(openers->files, &file);
}

void openers_clear(Openers *openers)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&openers->lock);

    while (oldest(openers)) {
        drop(openers, oldest(openers));
    }
}

void openers_free(Openers *openers)
{
    if (openers) {
        openers_clear(openers);
        g_hash_table_unref(openers->files);
        g_mutex_clear(&openers->lock);
        g_free(openers);
    }
}

void openers_note(Openers *openers, FileKey file, GuestRights *rights)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&openers->lock);
    Opener *opener = g_new0(Opener, 1);

    drop(openers, find(openers, file));
    while (g_hash_table_size(openers->files) >= openers->max) {
        drop(openers, oldest(openers));
    }
    *opener = (Opener){.file = file, .rights = rights, .link.data = opener};
    g_hash_table_insert(openers->files, &opener->file, opener);
    g_queue_push_tail_link(&openers->order, &opener->link);
}

void openers_forget(Openers *openers, FileKey file)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&openers->lock);

    drop(openers, find(openers, file));
}

unsigned openers_count(Openers *openers)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&openers->lock);

    return g_hash_table_size(openers->files);
}

/* Get the rights of a file's opener. Returns (transfer full), or NULL if the opener is not known. */
static GuestRights *rights_of(Openers *openers, FileKey file)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&openers->lock);
    const Opener *opener = find(openers, file);

    return opener ? g_atomic_rc_box_acquire(opener->rights) : NULL;
}

int openers_check(Openers *openers, FileKey file, const char *directory)
{
    g_autoptr(GuestRights) opener = rights_of(openers, file);
    g_autoptr(GuestRights) caller = opener ? guest_rights_read(directory, false) : NULL;

    if (!caller) {
        return opener ? ESRCH : EACCES;
    }
    bool below = caller->capabilities && caller->user_namespace != opener->user_namespace &&
                 guest_rights_below(directory, opener->user_namespace);
    return guest_rights_within(caller, opener, below) ? 0 : EACCES;
}
