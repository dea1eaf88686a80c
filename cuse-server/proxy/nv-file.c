/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/nv-file.h"

struct NvFileTable {
    GMutex lock;
    GHashTable *files; /* id -> NvFile, one reference each */
    uint32_t last_id;
    unsigned max;
};

NvFile *nv_file_ref(NvFile *file)
{
    g_atomic_ref_count_inc(&file->refs);
    return file;
}

void nv_file_unref(NvFile *file)
{
    if (g_atomic_ref_count_dec(&file->refs)) {
        if (file->fd >= 0) {
            file->host->ops->close(file->host, file->fd);
        }
        poll_state_clear(&file->poll);
        g_mutex_clear(&file->map.lock);
        g_free(file);
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

NvFileTable *nv_file_table_new(unsigned max)
{
    NvFileTable *table = g_new0(NvFileTable, 1);
    table->max = max;
    g_mutex_init(&table->lock);
    table->files = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)nv_file_unref);
    return table;
}

bool nv_file_table_has_room(NvFileTable *table)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&table->lock);
    return g_hash_table_size(table->files) < table->max;
}

unsigned nv_file_table_size(NvFileTable *table)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&table->lock);
    return g_hash_table_size(table->files);
}

void nv_file_table_free(NvFileTable *table)
{
    g_hash_table_unref(table->files);
    g_mutex_clear(&table->lock);
    g_free(table);
}

uint32_t nv_file_table_new_id(NvFileTable *table)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&table->lock);

    /* Two thousand million opens of one instance: refuse rather than reuse an id. */
    return table->last_id == INT32_MAX ? 0 : ++table->last_id;
}

NvFile *nv_file_table_add(NvFileTable *table, uint32_t id, const Device *device, Host *host, int fd)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&table->lock);
    NvFile *file = g_new0(NvFile, 1);

    g_atomic_ref_count_init(&file->refs);
    file->id = id;
    file->device = device;
    file->host = host;
    file->fd = fd;
    poll_state_init(&file->poll);
    g_mutex_init(&file->map.lock);
    g_hash_table_insert(table->files, GUINT_TO_POINTER(file->id), file);
    return nv_file_ref(file);
}

NvFile *nv_file_table_get(NvFileTable *table, uint32_t id)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&table->lock);
    NvFile *file = g_hash_table_lookup(table->files, GUINT_TO_POINTER(id));

    return file ? nv_file_ref(file) : NULL;
}

NvFile *nv_file_table_remove(NvFileTable *table, uint32_t id)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&table->lock);
    gpointer file = NULL;

    /* Stealing keeps the close, which may block, out of the lock. */
    g_hash_table_steal_extended(table->files, GUINT_TO_POINTER(id), NULL, &file);
    return file;
}
