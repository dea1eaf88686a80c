/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/files/spares.h"

#include <unistd.h>

/* #syscalls:broker clone close */

/* Fill up a device's pool when so few spares are left, so that the thread is not woken for each spare that is taken. */
enum { FEW = SPARES_OF_DEVICE / 2 };

typedef struct {
    bool wanted;
    unsigned n;
    Spare spares[2 * SPARES_OF_DEVICE]; /* oldest first; with room for spares put back */
} Pool;

struct Spares {
    const StandIns *stand_ins;
    GThread *thread;
    GMutex lock; /* guards all members below */
    GCond changed;
    bool ending;
    unsigned worker; /* the number of the present worker, from 0 */
    unsigned total;
    Pool pools[]; /* one for each device */
};

/* Find a device whose pool has to be filled. Returns -1 if there is none. The caller holds the lock. */
static int find_lacking(const Spares *spares)
{
    for (unsigned i = 0; spares->total < SPARES_MAX && i < spares->stand_ins->n_devices; i++) {
        if (spares->pools[i].wanted && spares->pools[i].n < SPARES_OF_DEVICE) {
            return (int)i;
        }
    }
    return -1;
}

/* Add a spare to its pool. Close it instead if there is no room, or its worker has ended. The caller holds the lock. */
static void keep(Spares *spares, unsigned device, const Spare *spare)
{
    Pool *pool = &spares->pools[device];

    if (pool->n < G_N_ELEMENTS(pool->spares) && spare->worker == spares->worker) {
        pool->spares[pool->n++] = *spare;
        spares->total++;
    } else {
        close(spare->fd);
    }
}

/* Open one spare. The caller holds the lock; the function releases it during the open, since the worker may be slow. */
static void open_one(Spares *spares, unsigned device)
{
    Spare spare = {.worker = spares->worker};

    g_mutex_unlock(&spares->lock);
    spare.fd = stand_ins_open_in_advance(spares->stand_ins, device, &spare.file);
    g_mutex_lock(&spares->lock);
    if (spare.fd >= 0) {
        keep(spares, device, &spare);
    } else {
        spares->pools[device].wanted = false; /* until a guest has opened this device again */
    }
}

static gpointer fill(gpointer data)
{
    Spares *spares = data;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&spares->lock);

    while (!spares->ending) {
        int device = find_lacking(spares);
        if (device >= 0) {
            open_one(spares, (unsigned)device);
        } else {
            g_cond_wait(&spares->changed, &spares->lock);
        }
    }
    return NULL;
}

Spares *spares_new(const StandIns *stand_ins)
{
    Spares *spares = g_malloc0(sizeof *spares + stand_ins->n_devices * sizeof spares->pools[0]);

    spares->stand_ins = stand_ins;
    g_mutex_init(&spares->lock);
    g_cond_init(&spares->changed);
    return spares;
}

void spares_drop(Spares *spares)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&spares->lock);

    spares->worker++;
    spares->total = 0;
    for (unsigned i = 0; i < spares->stand_ins->n_devices; i++) {
        Pool *pool = &spares->pools[i];
        while (pool->n > 0) {
            close(pool->spares[--pool->n].fd); /* its worker has ended */
        }
        pool->wanted = false;
    }
}

void spares_free(Spares *spares)
{
    g_mutex_lock(&spares->lock);
    spares->ending = true;
    g_cond_signal(&spares->changed);
    g_mutex_unlock(&spares->lock);
    if (spares->thread) {
        g_thread_join(spares->thread);
    }
    spares_drop(spares);
    g_mutex_clear(&spares->lock);
    g_cond_clear(&spares->changed);
    g_free(spares);
}

bool spares_take(Spares *spares, unsigned device, Spare *spare)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&spares->lock);
    Pool *pool = &spares->pools[device];

    if (pool->n == 0) {
        return false;
    }
    *spare = pool->spares[0];
    pool->n--;
    spares->total--;
    for (unsigned i = 0; i < pool->n; i++) {
        pool->spares[i] = pool->spares[i + 1];
    }
    return true;
}

void spares_put_back(Spares *spares, unsigned device, const Spare *spare)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&spares->lock);

    keep(spares, device, spare);
}

unsigned spares_worker(Spares *spares)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&spares->lock);

    return spares->worker;
}

void spares_want(Spares *spares, unsigned device, unsigned worker)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&spares->lock);

    if (worker != spares->worker) {
        return; /* the worker that the guest's file came from has ended */
    }
    spares->pools[device].wanted = true;
    if (spares->pools[device].n > FEW) {
        return;
    }
    if (!spares->thread) {
        spares->thread = g_thread_try_new("broker-spares", fill, spares, NULL);
    }
    g_cond_signal(&spares->changed);
}
