/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/budgets/uvm-ranges.h"

/* Memory that is mapped for a GPU. @first, @last: its first and its last byte */
typedef struct {
    uint64_t first;
    uint64_t last;
    Charge *charge;
} Piece;

/* @base is the key. @last: the last byte */
typedef struct {
    uint64_t base;
    uint64_t last;
    UvmRangeKind kind;
} Range;

/*
 * @calls: held during calls of the driver
 * @lock: guards everything below; nothing is called that may wait while it is held
 * @ranges: Range.base -> Range. They do not overlap
 * @gpus: UUID (GBytes) -> GTree of the GPU's pieces: Piece.last -> Piece. The pieces of a GPU do not overlap, so the first piece
 * whose last byte is at or behind an address is the first one that can overlap what begins there
 */
struct UvmRanges {
    GMutex calls;
    GMutex lock;
    GTree *ranges;
    GHashTable *gpus;
    unsigned n_pieces;
};

static gint compare_addresses(gconstpointer a, gconstpointer b, gpointer data)
{
    const uint64_t left = *(const uint64_t *)a;
    const uint64_t right = *(const uint64_t *)b;

    (void)data;
    return (left > right) - (left < right);
}

static void piece_free(Piece *piece)
{
    charge_unref(piece->charge);
    g_free(piece);
}

UvmRanges *uvm_ranges_new(void)
{
    UvmRanges *ranges = g_new0(UvmRanges, 1);

    g_mutex_init(&ranges->calls);
    g_mutex_init(&ranges->lock);
    ranges->ranges = g_tree_new_full(compare_addresses, NULL, NULL, g_free);
    ranges->gpus = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref,
                                         (GDestroyNotify)g_tree_unref);
    return ranges;
}

void uvm_ranges_free(UvmRanges *ranges)
{
    if (!ranges) {
        return;
    }
    g_hash_table_unref(ranges->gpus);
    g_tree_unref(ranges->ranges);
    g_mutex_clear(&ranges->lock);
    g_mutex_clear(&ranges->calls);
    g_free(ranges);
}

void uvm_ranges_lock(UvmRanges *ranges)
{
    g_mutex_lock(&ranges->calls);
}

void uvm_ranges_unlock(UvmRanges *ranges)
{
    g_mutex_unlock(&ranges->calls);
}

unsigned uvm_ranges_size(UvmRanges *ranges)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ranges->lock);

    return (unsigned)g_tree_nnodes(ranges->ranges) + ranges->n_pieces;
}

/* Find the last byte of an area. Returns false if the area is empty, or exceeds all addresses. */
static bool last_byte(const UvmArea *area, uint64_t *last)
{
    return area->length > 0 && g_uint64_checked_add(last, area->base, area->length - 1);
}

/* --- pieces; the lock is held ------------------------------------------------------------------ */

/* Find the pieces of a GPU. Returns NULL if nothing was mapped for it. */
static GTree *find_pieces(UvmRanges *ranges, const void *gpu)
{
    g_autoptr(GBytes) uuid = g_bytes_new_static(gpu, UVM_GPU_UUID_SIZE);

    return g_hash_table_lookup(ranges->gpus, uuid);
}

static GTree *find_or_make_pieces(UvmRanges *ranges, const void *gpu)
{
    GTree *pieces = find_pieces(ranges, gpu);

    if (!pieces) {
        pieces = g_tree_new_full(compare_addresses, NULL, NULL, (GDestroyNotify)piece_free);
        g_hash_table_insert(ranges->gpus, g_bytes_new(gpu, UVM_GPU_UUID_SIZE), pieces);
    }
    return pieces;
}

static void add_piece(UvmRanges *ranges, GTree *pieces, uint64_t first, uint64_t last,
                      Charge *charge)
{
    Piece *piece = g_new(Piece, 1);

    *piece = (Piece){first, last, charge_ref(charge)};
    g_tree_insert(pieces, &piece->last, piece);
    ranges->n_pieces++;
}

/* Find the first piece that overlaps the bytes from @first to @last. */
static Piece *overlapping(GTree *pieces, uint64_t first, uint64_t last)
{
    GTreeNode *node = g_tree_lower_bound(pieces, &first);
    Piece *piece = node ? g_tree_node_value(node) : NULL;

    return piece && piece->first <= last ? piece : NULL;
}

/* Drop the bytes from @first to @last. What is left of a piece becomes one or two pieces with references of their own. */
static void clear_bytes(UvmRanges *ranges, GTree *pieces, uint64_t first, uint64_t last)
{
    Piece *piece;

    while ((piece = overlapping(pieces, first, last))) {
        g_tree_steal(pieces, &piece->last);
        ranges->n_pieces--;
        if (piece->first < first) {
            add_piece(ranges, pieces, piece->first, first - 1, piece->charge);
        }
        if (piece->last > last) {
            add_piece(ranges, pieces, last + 1, piece->last, piece->charge);
        }
        piece_free(piece);
    }
}

/* --- ranges ------------------------------------------------------------------------------------ */

void uvm_ranges_add(UvmRanges *ranges, UvmRangeKind kind, const UvmArea *area)
{
    uint64_t last;

    if (!last_byte(area, &last)) {
        return;
    }
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ranges->lock);
    Range *range = g_new(Range, 1);
    *range = (Range){area->base, last, kind};
    g_tree_replace(ranges->ranges, &range->base, range);
}

void uvm_ranges_remove(UvmRanges *ranges, uint64_t base)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ranges->lock);
    const Range *range = g_tree_lookup(ranges->ranges, &base);
    GHashTableIter iter;
    gpointer pieces;

    if (!range) {
        return;
    }
    g_hash_table_iter_init(&iter, ranges->gpus);
    while (g_hash_table_iter_next(&iter, NULL, &pieces)) {
        clear_bytes(ranges, pieces, base, range->last);
    }
    g_tree_remove(ranges->ranges, &base);
}

bool uvm_ranges_have_pool(UvmRanges *ranges, const UvmArea *area)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ranges->lock);
    const Range *range = g_tree_lookup(ranges->ranges, &area->base);
    uint64_t last;

    return range && range->kind == UVM_RANGE_SEMAPHORE_POOL && last_byte(area, &last) &&
           range->last == last;
}

/* --- what is mapped ---------------------------------------------------------------------------- */

void uvm_ranges_map(UvmRanges *ranges, const void *gpu, const UvmArea *area, Charge *charge)
{
    uint64_t last;

    if (!charge) {
        uvm_ranges_unmap(ranges, gpu, area);
        return;
    }
    if (!last_byte(area, &last)) {
        return;
    }
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ranges->lock);
    GTree *pieces = find_or_make_pieces(ranges, gpu);
    clear_bytes(ranges, pieces, area->base, last);
    add_piece(ranges, pieces, area->base, last, charge);
}

void uvm_ranges_unmap(UvmRanges *ranges, const void *gpu, const UvmArea *area)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ranges->lock);
    GTree *pieces = find_pieces(ranges, gpu);
    uint64_t last;

    if (pieces && last_byte(area, &last)) {
        clear_bytes(ranges, pieces, area->base, last);
    }
}

bool uvm_ranges_splits(UvmRanges *ranges, const void *gpu, const UvmArea *area)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ranges->lock);
    GTree *pieces = find_pieces(ranges, gpu);
    uint64_t last;

    if (!pieces || !last_byte(area, &last)) {
        return false;
    }
    const Piece *piece = overlapping(pieces, area->base, last);
    return piece && piece->first < area->base && piece->last > last;
}

void uvm_ranges_drop_gpu(UvmRanges *ranges, const void *gpu)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ranges->lock);
    g_autoptr(GBytes) uuid = g_bytes_new_static(gpu, UVM_GPU_UUID_SIZE);
    GTree *pieces = g_hash_table_lookup(ranges->gpus, uuid);

    if (pieces) {
        ranges->n_pieces -= (unsigned)g_tree_nnodes(pieces);
        g_hash_table_remove(ranges->gpus, uuid);
    }
}
