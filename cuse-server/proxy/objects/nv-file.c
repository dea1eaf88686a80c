/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/objects/nv-file.h"

/* A closed file. The driver still has it, or, if @remnant is NULL, released it when it was closed. @exports, @held: see NvFile */
typedef struct {
    uint32_t id;
    unsigned places;
    GPtrArray *exports;
    GPtrArray *held;
    Host *host;
    HostRemnant *remnant;
    UvmRanges *ranges; /* or NULL */
} Closed;

struct NvFileTable {
    GMutex lock;
    GCond arrived;     /* a file is not awaited any more */
    GHashTable *files; /* id -> NvFile, one reference each */
    uint32_t last_id;
    unsigned max;
    unsigned held; /* files that the driver has */
    GQueue gone;   /* of Closed: released, but not reported yet */
    GQueue closed; /* of Closed: not released; a file that was checked goes to the end */
    gint n_gone;   /* atomic */
    NvFileReleased released;
    gpointer data;
};

NvFile *nv_file_ref(NvFile *file)
{
    g_atomic_ref_count_inc(&file->refs);
    return file;
}

/* --- files that the driver has ---------------------------------------------------------------- */

static Closed *take(NvFileTable *table, GQueue *queue)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&table->lock);

    return g_queue_pop_head(queue);
}

static void put(NvFileTable *table, GQueue *queue, Closed *closed)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&table->lock);

    g_queue_push_tail(queue, closed);
}

static void drop_charges(GPtrArray *charges)
{
    if (charges) {
        g_ptr_array_unref(charges);
    }
}

static void closed_free(Closed *closed)
{
    drop_charges(closed->exports);
    drop_charges(closed->held);
    if (closed->remnant) {
        closed->host->ops->forget(closed->host, closed->remnant);
    }
    uvm_ranges_free(closed->ranges);
    g_free(closed);
}

static void tell_released(NvFileTable *table, Closed *closed)
{
    table->released(closed->id, closed->places, table->data);
    closed_free(closed);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&table->lock);
    table->held--;
}

static void tell_gone(NvFileTable *table)
{
    Closed *closed;

    while (g_atomic_int_get(&table->n_gone) > 0 && (closed = take(table, &table->gone))) {
        g_atomic_int_add(&table->n_gone, -1);
        tell_released(table, closed);
    }
}

void nv_file_table_settle(NvFileTable *table, unsigned looks)
{
    Closed *closed;

    tell_gone(table);
    /* Other threads may be doing this as well. Each thread takes different files from the queue. */
    while (looks > 0 && (closed = take(table, &table->closed))) {
        if (closed->host->ops->remains(closed->host, closed->remnant)) {
            put(table, &table->closed, closed);
            looks--;
        } else {
            tell_released(table, closed);
        }
    }
}

void nv_file_table_settle_all(NvFileTable *table)
{
    g_mutex_lock(&table->lock);
    const unsigned looks = table->closed.length;
    g_mutex_unlock(&table->lock);
    nv_file_table_settle(table, looks);
}

/* Close the host file. The driver releases it at once, unless something refers to it. The caller, which dropped the
 * last reference, may hold locks: nv_file_table_settle() therefore reports the release later. */
static void close_file(NvFile *file)
{
    if (!file->counts) {
        return; /* no guest had it */
    }
    Closed *closed = g_new(Closed, 1);

    *closed = (Closed){
        .id = file->id,
        .places = (unsigned)g_atomic_int_get(&file->places),
        .exports = g_steal_pointer(&file->exports),
        .held = g_steal_pointer(&file->held),
        .host = file->host,
        .ranges = file->ranges,
    };
    if (closed->ranges) {
        closed->places += uvm_ranges_size(closed->ranges);
    }
    if (file->fd >= 0) {
        closed->remnant = file->host->ops->close(file->host, file->fd);
    }
    if (closed->remnant) {
        put(file->table, &file->table->closed, closed);
    } else {
        put(file->table, &file->table->gone, closed);
        g_atomic_int_inc(&file->table->n_gone);
    }
}

void nv_file_unref(NvFile *file)
{
    if (g_atomic_ref_count_dec(&file->refs)) {
        close_file(file);
        poll_state_clear(&file->poll);
        g_mutex_clear(&file->lock);
        g_mutex_clear(&file->held_lock);
        g_free(file);
    }
}

unsigned nv_file_fill(NvFile *file, unsigned places)
{
    for (;;) {
        const gint before = g_atomic_int_get(&file->places);
        if ((gint)places <= before) {
            return 0;
        }
        if (g_atomic_int_compare_and_exchange(&file->places, before, (gint)places)) {
            return places - (unsigned)before;
        }
    }
}

/* --- charges ---------------------------------------------------------------------------------- */

static GPtrArray *charges_of(GPtrArray **charges)
{
    if (!*charges) {
        *charges = g_ptr_array_new_with_free_func((GDestroyNotify)charge_unref);
    }
    return *charges;
}

void nv_file_export(NvFile *file, unsigned place, Charge *charge)
{
    GPtrArray *exports = charges_of(&file->exports);

    if (place >= exports->len) {
        g_ptr_array_set_size(exports, (gint)place + 1);
    }
    charge_unref(exports->pdata[place]);
    exports->pdata[place] = charge;
}

Charge *nv_file_exported(const NvFile *file, unsigned place)
{
    const bool is_there = file->exports && place < file->exports->len;

    return is_there && file->exports->pdata[place] ? charge_ref(file->exports->pdata[place]) : NULL;
}

void nv_file_hold(NvFile *file, Charge *charge)
{
    if (charge) {
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&file->held_lock);
        g_ptr_array_add(charges_of(&file->held), charge);
    }
}

int nv_file_fd(const NvFile *file)
{
    return g_atomic_int_get(&file->fd);
}

bool nv_file_adopt(NvFile *file, int fd)
{
    return g_atomic_int_compare_and_exchange(&file->fd, -1, fd);
}

NvFileTable *nv_file_table_new(unsigned max, NvFileReleased released, gpointer data)
{
    NvFileTable *table = g_new0(NvFileTable, 1);
    table->max = max;
    table->released = released;
    table->data = data;
    g_queue_init(&table->gone);
    g_queue_init(&table->closed);
    g_mutex_init(&table->lock);
    g_cond_init(&table->arrived);
    table->files = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)nv_file_unref);
    return table;
}

bool nv_file_table_has_room(NvFileTable *table)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&table->lock);
    return table->held < table->max;
}

unsigned nv_file_table_size(NvFileTable *table)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&table->lock);
    return table->held;
}

void nv_file_table_free(NvFileTable *table)
{
    g_hash_table_unref(table->files);
    g_queue_clear_full(&table->gone, (GDestroyNotify)closed_free);
    g_queue_clear_full(&table->closed, (GDestroyNotify)closed_free);
    g_cond_clear(&table->arrived);
    g_mutex_clear(&table->lock);
    g_free(table);
}

uint32_t nv_file_table_new_id(NvFileTable *table)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&table->lock);

    /* After 2^31 - 1 opens of one instance, refuse instead of reusing an id. */
    return table->last_id == INT32_MAX ? 0 : ++table->last_id;
}

/* With the lock held. */
static NvFile *find(NvFileTable *table, uint32_t id)
{
    return g_hash_table_lookup(table->files, GUINT_TO_POINTER(id));
}

/* With the lock held. */
static NvFile *list_new(NvFileTable *table, uint32_t id, const Device *device, Host *host)
{
    NvFile *file = g_new0(NvFile, 1);

    g_atomic_ref_count_init(&file->refs);
    file->table = table;
    file->id = id;
    file->device = device;
    file->host = host;
    file->fd = -1;
    poll_state_init(&file->poll);
    g_mutex_init(&file->lock);
    g_mutex_init(&file->held_lock);
    g_hash_table_insert(table->files, GUINT_TO_POINTER(file->id), file);
    return file;
}

/* Mark a file as no longer awaited, and wake the threads that wait for it. With the lock held. */
static void arrive(NvFileTable *table, NvFile *file)
{
    g_atomic_int_set(&file->awaited, FALSE);
    g_cond_broadcast(&table->arrived);
}

NvFile *nv_file_table_add(NvFileTable *table, uint32_t id, const Device *device, Host *host, int fd)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&table->lock);
    NvFile *file = find(table, id);

    if (!file) {
        file = list_new(table, id, device, host);
    }
    file->fd = fd;
    file->counts = true;
    file->ranges = device->kind == DEVICE_UVM ? uvm_ranges_new() : NULL;
    table->held++;
    arrive(table, file);
    return nv_file_ref(file);
}

NvFile *nv_file_table_reserve(NvFileTable *table, uint32_t id, const Device *device, Host *host)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&table->lock);
    NvFile *file = list_new(table, id, device, host);

    g_atomic_int_set(&file->awaited, TRUE);
    return nv_file_ref(file);
}

const Device *nv_file_table_awaits(NvFileTable *table, uint32_t id)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&table->lock);
    NvFile *file = find(table, id);

    return file && g_atomic_int_get(&file->awaited) ? file->device : NULL;
}

/* With the lock held. */
static void wait_for(NvFileTable *table, NvFile *file)
{
    while (g_atomic_int_get(&file->awaited)) {
        g_cond_wait(&table->arrived, &table->lock);
    }
}

void nv_file_wait(NvFile *file)
{
    if (g_atomic_int_get(&file->awaited)) {
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&file->table->lock);
        wait_for(file->table, file);
    }
}

bool nv_file_table_leave(NvFileTable *table, NvFile *file)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&table->lock);

    file->left = g_atomic_int_get(&file->awaited);
    return file->left;
}

NvFile *nv_file_table_get(NvFileTable *table, uint32_t id)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&table->lock);
    NvFile *file = find(table, id);

    if (file) {
        nv_file_ref(file);
        wait_for(table, file);
    }
    return file;
}

NvFile *nv_file_table_remove(NvFileTable *table, uint32_t id)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&table->lock);
    gpointer file = NULL;

    /* Steal the reference: the last one closes the host file, which may block and must not happen under the lock. */
    if (g_hash_table_steal_extended(table->files, GUINT_TO_POINTER(id), NULL, &file)) {
        arrive(table, file);
    }
    return file;
}
