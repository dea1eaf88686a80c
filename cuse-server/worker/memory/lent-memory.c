/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/worker/memory/lent-memory.h"

#include <unistd.h>

/* #syscalls:worker pread64 close */

/* The most answers that are kept. One answer more drops all others. */
enum { ANSWERS_MAX = 32 * 1024 };

/*
 * @lock: guards what follows
 * @threads: thread -> LentMemory, of its latest lending
 * @files: file id -> table of the answers about this file: Answer.key -> Answer
 * @n_answers: number of answers in all tables
 * @times: how often memory was taken back
 */
struct LentMemories {
    GMutex lock;
    GHashTable *threads;
    GHashTable *files;
    unsigned n_answers;
    uint64_t times;
};

typedef struct {
    LentKey key;
    LentMemory *lent;
} Answer;

/* --- the memory of one thread ----------------------------------------------------------------- */

LentMemory *lent_memory_new(const Lent *lent)
{
    LentMemory *memory = g_new(LentMemory, 1);

    *memory = (LentMemory){.lent = *lent};
    g_atomic_ref_count_init(&memory->refs);
    return memory;
}

static LentMemory *lent_memory_ref(LentMemory *lent)
{
    g_atomic_ref_count_inc(&lent->refs);
    return lent;
}

void lent_memory_unref(LentMemory *lent)
{
    if (lent && g_atomic_ref_count_dec(&lent->refs)) {
        close(lent->lent.memory);
        close(lent->lent.thread);
        g_free(lent);
    }
}

static bool lives(const LentMemory *lent)
{
    char first;

    return pread(lent->lent.thread, &first, 1, 0) == 1;
}

/* --- all memories and answers ----------------------------------------------------------------- */

static guint hash_key(gconstpointer data)
{
    const LentKey *key = data;

    return key->file * 31 + (guint)key->tid;
}

static gboolean equal_keys(gconstpointer one, gconstpointer other)
{
    const LentKey *a = one;
    const LentKey *b = other;

    return a->file == b->file && a->tid == b->tid && a->uid == b->uid && a->gid == b->gid;
}

static void unref(gpointer lent)
{
    lent_memory_unref(lent);
}

static void answer_free(gpointer data)
{
    Answer *answer = data;

    lent_memory_unref(answer->lent);
    g_free(answer);
}

static void table_free(gpointer table)
{
    g_hash_table_unref(table);
}

LentMemories *lent_memories_new(void)
{
    LentMemories *memories = g_new0(LentMemories, 1);

    g_mutex_init(&memories->lock);
    memories->threads = g_hash_table_new_full(NULL, NULL, NULL, unref);
    memories->files = g_hash_table_new_full(NULL, NULL, NULL, table_free);
    return memories;
}

void lent_memories_free(LentMemories *memories)
{
    g_hash_table_unref(memories->threads);
    g_hash_table_unref(memories->files);
    g_mutex_clear(&memories->lock);
    g_free(memories);
}

/* With the lock held: find the table of a file's answers. Returns NULL if there is none. */
static GHashTable *answers_of(const LentMemories *memories, uint32_t file)
{
    return g_hash_table_lookup(memories->files, GUINT_TO_POINTER(file));
}

LentMemory *lent_memories_find(LentMemories *memories, const LentKey *key)
{
    g_autoptr(LentMemory) lent = NULL;

    g_mutex_lock(&memories->lock);
    GHashTable *answers = answers_of(memories, key->file);
    const Answer *answer = answers ? g_hash_table_lookup(answers, key) : NULL;
    if (answer) {
        lent = lent_memory_ref(answer->lent);
    }
    g_mutex_unlock(&memories->lock);
    return lent && lives(lent) ? g_steal_pointer(&lent) : NULL;
}

uint64_t lent_memories_ask(LentMemories *memories)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&memories->lock);

    return memories->times;
}

/* With the lock held: find the memory that is kept of a thread, if it is of this lending. By reusing it the thread needs two
 * descriptors for all files together. The memory of an ended thread that had the same number does not count. */
static LentMemory *known_thread(const LentMemories *memories, pid_t tid, uint64_t lending)
{
    LentMemory *known = g_hash_table_lookup(memories->threads, GINT_TO_POINTER(tid));

    return known && known->lent.lending == lending && lives(known) ? known : NULL;
}

/* With the lock held: if there is no room for one more answer, or with @for_thread for one more thread, drop all of both. */
static void make_room(LentMemories *memories, bool for_thread)
{
    if ((for_thread && g_hash_table_size(memories->threads) >= LENT_THREADS_MAX) ||
        memories->n_answers >= ANSWERS_MAX) {
        g_hash_table_remove_all(memories->files);
        g_hash_table_remove_all(memories->threads);
        memories->n_answers = 0;
    }
}

/* With the lock held: add an answer, or replace the one for the same key. */
static void add_answer(LentMemories *memories, const LentKey *key, LentMemory *lent)
{
    GHashTable *answers = answers_of(memories, key->file);
    Answer *answer = g_new(Answer, 1);

    if (!answers) {
        answers = g_hash_table_new_full(hash_key, equal_keys, NULL, answer_free);
        g_hash_table_insert(memories->files, GUINT_TO_POINTER(key->file), answers);
    }
    *answer = (Answer){.key = *key, .lent = lent_memory_ref(lent)};
    if (g_hash_table_replace(answers, &answer->key, answer)) {
        memories->n_answers++;
    }
}

LentMemory *lent_memories_keep(LentMemories *memories, const LentKey *key, uint64_t asked,
                               const Lent *lent)
{
    LentMemory *memory = lent_memory_new(lent);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&memories->lock);

    if (memories->times != asked) {
        return memory;
    }
    make_room(memories, !known_thread(memories, key->tid, lent->lending));
    LentMemory *known = known_thread(memories, key->tid, lent->lending);
    if (!known || known->lent.process.uid != lent->process.uid) {
        known = memory;
        g_hash_table_replace(memories->threads, GINT_TO_POINTER(key->tid), lent_memory_ref(memory));
    }
    add_answer(memories, key, known);
    return memory;
}

/* Find the memory that is kept of a thread. Returns NULL if there is none. */
static LentMemory *find_thread(LentMemories *memories, pid_t tid)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&memories->lock);
    LentMemory *known = g_hash_table_lookup(memories->threads, GINT_TO_POINTER(tid));

    return known ? lent_memory_ref(known) : NULL;
}

bool lent_memories_process(LentMemories *memories, pid_t tid, uid_t uid, GuestProcess *process)
{
    g_autoptr(LentMemory) known = find_thread(memories, tid);

    if (!known || known->lent.process.uid != uid || !lives(known)) {
        return false;
    }
    *process = known->lent.process;
    return true;
}

void lent_memories_extend(LentMemories *memories, const LentKey *key, uint64_t lending)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&memories->lock);

    if (lending && memories->n_answers < ANSWERS_MAX) {
        LentMemory *known = known_thread(memories, key->tid, lending);
        if (known) {
            add_answer(memories, key, known);
        }
    }
}

static gboolean is_of_lending(gpointer key, gpointer value, gpointer lending)
{
    const LentMemory *lent = value;

    (void)key;
    return lent->lent.lending == *(const uint64_t *)lending;
}

static gboolean is_answer_of_lending(gpointer key, gpointer value, gpointer lending)
{
    const Answer *answer = value;

    return is_of_lending(key, answer->lent, lending);
}

void lent_memories_take_back(LentMemories *memories, uint64_t lending)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&memories->lock);
    GHashTableIter iter;
    gpointer answers;

    memories->times++;
    g_hash_table_iter_init(&iter, memories->files);
    while (g_hash_table_iter_next(&iter, NULL, &answers)) {
        memories->n_answers -= g_hash_table_foreach_remove(answers, is_answer_of_lending, &lending);
    }
    g_hash_table_foreach_remove(memories->threads, is_of_lending, &lending);
}

void lent_memories_drop_file(LentMemories *memories, uint32_t file)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&memories->lock);
    GHashTable *answers = answers_of(memories, file);

    if (answers) {
        memories->n_answers -= g_hash_table_size(answers);
        g_hash_table_remove(memories->files, GUINT_TO_POINTER(file));
    }
}

unsigned lent_memories_size(LentMemories *memories)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&memories->lock);

    return memories->n_answers;
}
