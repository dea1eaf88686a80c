/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/wire/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * #syscalls:broker munmap
 * #syscalls:before memfd_create ftruncate fcntl mmap munmap close
 */

enum { LEDGER_BYTES = 8192 };

#define US 1000ull /* nanoseconds */

const uint64_t ledger_bucket_bounds[LEDGER_BUCKETS - 1] = {
    10 * US, 30 * US, 100 * US, 300 * US, 1000 * US, 10000 * US, 100000 * US, 1000000 * US,
};

typedef struct {
    _Atomic uint64_t used;
    _Atomic uint64_t peak;
} SharedUse;

struct Ledger {
    _Atomic uint64_t calls[CALL_KIND_COUNT];
    _Atomic uint64_t refused[REFUSAL_COUNT];
    _Atomic uint64_t buckets[CALL_KIND_COUNT][LEDGER_BUCKETS];
    _Atomic uint64_t nanoseconds[CALL_KIND_COUNT];
    _Atomic uint32_t files;
    _Atomic uint32_t clients;
    _Atomic uint32_t objects;
    _Atomic uint32_t quotas;
    SharedUse gpus[QUOTA_GPUS_MAX];
    SharedUse any_gpu;
    SharedUse pinned;
    _Atomic uint64_t gpu_time[QUOTA_GPUS_MAX];
    _Atomic int64_t gpu_time_read;
    _Atomic uint32_t announced; /* the broker was told of new records, and has not looked yet */
    _Atomic uint64_t written;   /* number of records so far */
    LedgerRecord ring[LEDGER_RECORDS];
};

G_STATIC_ASSERT(sizeof(struct Ledger) <= LEDGER_BYTES);
G_STATIC_ASSERT(ATOMIC_LLONG_LOCK_FREE == 2); /* the worker could keep a lock from the broker */

static const char *const kind_names[CALL_KIND_COUNT] = {
    [CALL_OPEN] = "open",   [CALL_FRONTEND] = "frontend", [CALL_CONTROL] = "control",
    [CALL_ALLOC] = "alloc", [CALL_UVM] = "uvm",           [CALL_OTHER] = "other",
};

const char *call_kind_name(CallKind kind)
{
    g_return_val_if_fail((unsigned)kind < CALL_KIND_COUNT, "?");
    return kind_names[kind];
}

bool call_kind_parse(const char *name, CallKind *kind)
{
    for (int k = 0; k < CALL_KIND_COUNT; k++) {
        if (strcmp(kind_names[k], name) == 0) {
            *kind = (CallKind)k;
            return true;
        }
    }
    return false;
}

/* Create a memory file of fixed size. The seals keep a worker from shrinking it, which would make the broker fault. */
static int new_page(void)
{
    int fd = memfd_create("nvcuse-ledger", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd >= 0 && (ftruncate(fd, LEDGER_BYTES) < 0 ||
                    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)) {
        int saved = errno;
        close(fd);
        errno = saved;
        fd = -1;
    }
    return fd;
}

Ledger *ledger_map(int fd, GError **error)
{
    void *page = mmap(NULL, LEDGER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (page == MAP_FAILED) {
        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno),
                    "cannot map the ledger's page: %s", g_strerror(errno));
        return NULL;
    }
    return page;
}

Ledger *ledger_new(int *fd, GError **error)
{
    *fd = new_page();
    if (*fd < 0) {
        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno),
                    "cannot create the ledger's page: %s", g_strerror(errno));
        return NULL;
    }
    return ledger_map(*fd, error);
}

void ledger_free(Ledger *ledger)
{
    munmap(ledger, LEDGER_BYTES);
}

/* --- the worker's side ------------------------------------------------------------------------ */

static void add(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static unsigned bucket_of(uint64_t nanoseconds)
{
    unsigned bucket = 0;

    while (bucket < LEDGER_BUCKETS - 1 && nanoseconds > ledger_bucket_bounds[bucket]) {
        bucket++;
    }
    return bucket;
}

void ledger_count(Ledger *ledger, CallKind kind, Refusal refusal, uint64_t nanoseconds)
{
    add(&ledger->calls[kind], 1);
    add(&ledger->refused[refusal], 1);
    add(&ledger->buckets[kind][bucket_of(nanoseconds)], 1);
    add(&ledger->nanoseconds[kind], nanoseconds);
}

void ledger_sizes(Ledger *ledger, uint32_t files, uint32_t clients, uint32_t objects)
{
    atomic_store_explicit(&ledger->files, files, memory_order_relaxed);
    atomic_store_explicit(&ledger->clients, clients, memory_order_relaxed);
    atomic_store_explicit(&ledger->objects, objects, memory_order_relaxed);
}

static void set_use(SharedUse *shared, const MemoryUse *use)
{
    atomic_store_explicit(&shared->used, use->used, memory_order_relaxed);
    atomic_store_explicit(&shared->peak, use->peak, memory_order_relaxed);
}

void ledger_memory(Ledger *ledger, const InstanceUse *use, bool by_gpu)
{
    for (unsigned i = 0; by_gpu && i < QUOTA_GPUS_MAX; i++) {
        set_use(&ledger->gpus[i], &use->gpus[i]);
    }
    set_use(&ledger->any_gpu, &use->any_gpu);
    set_use(&ledger->pinned, &use->pinned);
}

void ledger_time(Ledger *ledger, uint32_t gpu, uint64_t nanoseconds)
{
    if (gpu < QUOTA_GPUS_MAX) {
        atomic_store_explicit(&ledger->gpu_time[gpu], nanoseconds, memory_order_relaxed);
        atomic_store_explicit(&ledger->gpu_time_read, g_get_monotonic_time(), memory_order_relaxed);
    }
}

void ledger_quotas(Ledger *ledger, uint32_t changes)
{
    atomic_store_explicit(&ledger->quotas, changes, memory_order_release);
}

static _Atomic uint64_t *serial_of(LedgerRecord *slot)
{
    return (_Atomic uint64_t *)&slot->serial;
}

bool ledger_record(Ledger *ledger, const LedgerRecord *record)
{
    uint64_t serial = atomic_load_explicit(&ledger->written, memory_order_relaxed) + 1;
    LedgerRecord *slot = &ledger->ring[(serial - 1) % LEDGER_RECORDS];
    LedgerRecord filled = *record;

    filled.serial = 0;
    atomic_store(serial_of(slot), 0);
    atomic_thread_fence(memory_order_seq_cst);
    *slot = filled;
    atomic_store(serial_of(slot), serial);
    atomic_store(&ledger->written, serial);
    return atomic_exchange(&ledger->announced, 1) == 0;
}

/* --- the broker's side ------------------------------------------------------------------------ */

static void raise_to(uint64_t *seen, const _Atomic uint64_t *counter)
{
    uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);

    *seen = MAX(*seen, now);
}

/* Add earlier counts without overflow: a worker may have written any number. */
static void add_to(uint64_t *counts, const uint64_t *before, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        counts[i] += MIN(before[i], G_MAXUINT64 - counts[i]);
    }
}

static void add_counts(LedgerCounts *counts, const LedgerCounts *before)
{
    add_to(counts->calls, before->calls, CALL_KIND_COUNT);
    add_to(counts->refused, before->refused, REFUSAL_COUNT);
    add_to(counts->buckets[0], before->buckets[0], CALL_KIND_COUNT * (size_t)LEDGER_BUCKETS);
    add_to(counts->nanoseconds, before->nanoseconds, CALL_KIND_COUNT);
    add_to(counts->gpu_time, before->gpu_time, QUOTA_GPUS_MAX);
}

static void raise_peak(MemoryUse *use, const MemoryUse *before)
{
    use->peak = MAX(use->peak, before->peak);
}

static void raise_peaks(InstanceUse *use, const InstanceUse *before)
{
    for (unsigned i = 0; i < QUOTA_GPUS_MAX; i++) {
        raise_peak(&use->gpus[i], &before->gpus[i]);
    }
    raise_peak(&use->any_gpu, &before->any_gpu);
    raise_peak(&use->pinned, &before->pinned);
}

static void read_use(MemoryUse *seen, const SharedUse *shared)
{
    seen->used = atomic_load_explicit(&shared->used, memory_order_relaxed);
    raise_to(&seen->peak, &shared->peak);
}

static void read_memory(InstanceUse *seen, const Ledger *ledger)
{
    for (unsigned i = 0; i < QUOTA_GPUS_MAX; i++) {
        read_use(&seen->gpus[i], &ledger->gpus[i]);
    }
    read_use(&seen->any_gpu, &ledger->any_gpu);
    read_use(&seen->pinned, &ledger->pinned);
}

uint32_t ledger_files(const Ledger *ledger)
{
    return atomic_load_explicit(&ledger->files, memory_order_relaxed);
}

void ledger_read(LedgerReader *reader, LedgerCounts *counts)
{
    const Ledger *ledger = reader->ledger;
    LedgerCounts *seen = &reader->seen;

    for (unsigned k = 0; k < CALL_KIND_COUNT; k++) {
        raise_to(&seen->calls[k], &ledger->calls[k]);
        raise_to(&seen->nanoseconds[k], &ledger->nanoseconds[k]);
        for (unsigned b = 0; b < LEDGER_BUCKETS; b++) {
            raise_to(&seen->buckets[k][b], &ledger->buckets[k][b]);
        }
    }
    for (unsigned r = 0; r < REFUSAL_COUNT; r++) {
        raise_to(&seen->refused[r], &ledger->refused[r]);
    }
    seen->files = atomic_load_explicit(&ledger->files, memory_order_relaxed);
    seen->clients = atomic_load_explicit(&ledger->clients, memory_order_relaxed);
    seen->objects = atomic_load_explicit(&ledger->objects, memory_order_relaxed);
    seen->quotas = atomic_load_explicit(&ledger->quotas, memory_order_acquire);
    read_memory(&seen->memory, ledger);
    for (unsigned i = 0; i < QUOTA_GPUS_MAX; i++) {
        raise_to(&seen->gpu_time[i], &ledger->gpu_time[i]);
    }
    seen->gpu_time_read = atomic_load_explicit(&ledger->gpu_time_read, memory_order_relaxed);
    *counts = *seen;
    add_counts(counts, &reader->before);
    raise_peaks(&counts->memory, &reader->before.memory);
}

void ledger_renew(LedgerReader *reader)
{
    LedgerCounts counts;

    ledger_read(reader, &counts);
    reader->before = counts;
    reader->seen = (LedgerCounts){0};
    reader->next = 0;
    memset(reader->ledger, 0, LEDGER_BYTES);
}

void ledger_rearm(LedgerReader *reader)
{
    atomic_store(&reader->ledger->announced, 0);
}

/* Sanitise a copied record. Returns false if the record is not a valid refusal. */
static bool tidy(LedgerRecord *record)
{
    record->device[sizeof record->device - 1] = '\0';
    for (char *c = record->device; *c; c++) {
        *c = g_ascii_isgraph(*c) ? *c : '?';
    }
    return record->kind < CALL_KIND_COUNT && record->refusal > REFUSAL_NONE &&
           record->refusal < REFUSAL_COUNT;
}

bool ledger_next(LedgerReader *reader, LedgerRecord *record)
{
    Ledger *ledger = reader->ledger;
    uint64_t written = atomic_load(&ledger->written);

    /* If @written is lower than what was read already, the worker lies: there is nothing new. */
    while (reader->next < written) {
        uint64_t behind = written - reader->next;
        if (behind > LEDGER_RECORDS) {
            /* The worker may have written any number: keep the counter from overflowing. */
            reader->lost += MIN(behind - LEDGER_RECORDS, G_MAXUINT32);
            reader->next = written - LEDGER_RECORDS;
        }
        LedgerRecord *slot = &ledger->ring[reader->next % LEDGER_RECORDS];
        uint64_t serial = ++reader->next;
        bool whole = atomic_load(serial_of(slot)) == serial;
        memcpy(record, slot, sizeof *record);
        atomic_thread_fence(memory_order_seq_cst);
        if (whole && atomic_load(serial_of(slot)) == serial && tidy(record)) {
            record->serial = serial;
            return true;
        }
        reader->lost++;
    }
    return false;
}
