/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/openers.h"

#include <errno.h>

struct Openers {
    unsigned max;
    GMutex lock;       /* guards what follows */
    GHashTable *files; /* file -> Opener */
    GQueue order;      /* of Opener, the oldest first */
};

typedef struct {
    uint32_t file;
    GuestRights *rights;
    GList link;
} Opener;

Openers *openers_new(unsigned max)
{
    Openers *openers = g_new0(Openers, 1);

    openers->max = max;
    g_mutex_init(&openers->lock);
    openers->files = g_hash_table_new(NULL, NULL);
    g_queue_init(&openers->order);
    return openers;
}

/* With the lock held. */
static void drop(Openers *openers, Opener *opener)
{
    if (opener) {
        g_hash_table_remove(openers->files, GUINT_TO_POINTER(opener->file));
        g_queue_unlink(&openers->order, &opener->link);
        guest_rights_unref(opener->rights);
        g_free(opener);
    }
}

static Opener *oldest(Openers *openers)
{
    return g_queue_peek_head(&openers->order);
}

static Opener *find(Openers *openers, uint32_t file)
{
    return g_hash_table_lookup(openers->files, GUINT_TO_POINTER(file));
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

void openers_note(Openers *openers, uint32_t file, GuestRights *rights)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&openers->lock);
    Opener *opener = g_new0(Opener, 1);

    drop(openers, find(openers, file));
    while (g_hash_table_size(openers->files) >= openers->max) {
        drop(openers, oldest(openers));
    }
    *opener = (Opener){.file = file, .rights = rights, .link.data = opener};
    g_hash_table_insert(openers->files, GUINT_TO_POINTER(file), opener);
    g_queue_push_tail_link(&openers->order, &opener->link);
}

void openers_forget(Openers *openers, uint32_t file)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&openers->lock);

    drop(openers, find(openers, file));
}

unsigned openers_count(Openers *openers)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&openers->lock);

    return g_hash_table_size(openers->files);
}

/* (transfer full), or NULL. */
static GuestRights *rights_of(Openers *openers, uint32_t file)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&openers->lock);
    const Opener *opener = find(openers, file);

    return opener ? g_atomic_rc_box_acquire(opener->rights) : NULL;
}

int openers_check(Openers *openers, uint32_t file, const char *directory)
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
