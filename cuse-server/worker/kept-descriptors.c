/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/worker/kept-descriptors.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* #syscalls:worker pread64 close */

/* Enough for the lines that matter: they are the first lines of the text. */
enum { TEXT_BYTES = 256 };

/*
 * @looking: held by the one thread that reads a text; no thread waits for it
 * @lock: guards @answers
 * @answers: Answer.key (a thread and a descriptor number) -> Answer
 */
struct KeptDescriptors {
    GMutex looking;
    GMutex lock;
    GHashTable *answers;
};

/* Reference counted, since a thread reads its text without holding @lock. */
typedef struct {
    gatomicrefcount refs;
    gint64 key;
    IdentifiedFile file;
    int info;
} Answer;

/* --- one answer ------------------------------------------------------------------------------- */

static gint64 key_of(pid_t tid, int fd)
{
    return (gint64)((guint64)(guint32)tid << 32 | (guint32)fd);
}

static Answer *answer_ref(Answer *answer)
{
    g_atomic_ref_count_inc(&answer->refs);
    return answer;
}

static void answer_unref(gpointer data)
{
    Answer *answer = data;

    if (g_atomic_ref_count_dec(&answer->refs)) {
        close(answer->info);
        g_free(answer);
    }
}

/* Parse the number in the first line that begins with "NAME:". The very first line of the text is not searched. */
static bool line_number(const char *text, const char *name, int base, uint64_t *number)
{
    g_autofree char *start = g_strdup_printf("\n%s:", name);
    const char *at = strstr(text, start);
    char *end = NULL;

    if (!at) {
        return false;
    }
    at += strlen(start);
    *number = strtoull(at, &end, base);
    return end != at;
}

/* Tell whether the file is still at its number. */
static bool holds(const Answer *answer)
{
    char text[TEXT_BYTES];
    uint64_t flags;
    uint64_t mount;
    uint64_t inode;
    const ssize_t n = pread(answer->info, text, sizeof text - 1, 0);

    if (n <= 0) {
        return false;
    }
    text[n] = '\0';
    return line_number(text, "flags", 8, &flags) && !(flags & O_PATH) &&
           line_number(text, "mnt_id", 10, &mount) && mount == answer->file.mount &&
           line_number(text, "ino", 10, &inode) && inode == answer->file.inode;
}

/* --- all answers ------------------------------------------------------------------------------ */

KeptDescriptors *kept_descriptors_new(void)
{
    KeptDescriptors *kept = g_new0(KeptDescriptors, 1);

    g_mutex_init(&kept->looking);
    g_mutex_init(&kept->lock);
    kept->answers = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, answer_unref);
    return kept;
}

void kept_descriptors_free(KeptDescriptors *kept)
{
    g_hash_table_unref(kept->answers);
    g_mutex_clear(&kept->looking);
    g_mutex_clear(&kept->lock);
    g_free(kept);
}

static Answer *find(KeptDescriptors *kept, gint64 key)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&kept->lock);
    Answer *answer = g_hash_table_lookup(kept->answers, &key);

    return answer ? answer_ref(answer) : NULL;
}

/* Remove an answer, unless another answer has replaced it by now. */
static void drop(KeptDescriptors *kept, const Answer *answer)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&kept->lock);

    if (g_hash_table_lookup(kept->answers, &answer->key) == answer) {
        g_hash_table_remove(kept->answers, &answer->key);
    }
}

/* As kept_descriptors_find(). The caller holds @looking. */
static bool find_good(KeptDescriptors *kept, gint64 key, uint32_t *id)
{
    Answer *answer = find(kept, key);

    if (!answer) {
        return false;
    }
    const bool good = holds(answer);
    if (good) {
        *id = answer->file.id;
    } else {
        drop(kept, answer);
    }
    answer_unref(answer);
    return good;
}

bool kept_descriptors_find(KeptDescriptors *kept, pid_t tid, int fd, uint32_t *id)
{
    if (!g_mutex_trylock(&kept->looking)) {
        return false;
    }
    const bool good = find_good(kept, key_of(tid, fd), id);
    g_mutex_unlock(&kept->looking);
    return good;
}

static void add(KeptDescriptors *kept, Answer *answer)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&kept->lock);

    if (g_hash_table_size(kept->answers) >= KEPT_DESCRIPTORS_MAX) {
        g_hash_table_remove_all(kept->answers);
    }
    g_hash_table_replace(kept->answers, &answer->key, answer_ref(answer));
}

void kept_descriptors_keep(KeptDescriptors *kept, pid_t tid, int fd, const IdentifiedFile *file,
                           int info)
{
    Answer *answer = g_new(Answer, 1);

    *answer = (Answer){.key = key_of(tid, fd), .file = *file, .info = info};
    g_atomic_ref_count_init(&answer->refs);
    if (g_mutex_trylock(&kept->looking)) {
        if (holds(answer)) {
            add(kept, answer);
        }
        g_mutex_unlock(&kept->looking);
    }
    answer_unref(answer);
}

static gboolean is_of_file(gpointer key, gpointer value, gpointer id)
{
    const Answer *answer = value;

    (void)key;
    return answer->file.id == *(const uint32_t *)id;
}

void kept_descriptors_drop_file(KeptDescriptors *kept, uint32_t id)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&kept->lock);

    g_hash_table_foreach_remove(kept->answers, is_of_file, &id);
}

unsigned kept_descriptors_size(KeptDescriptors *kept)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&kept->lock);

    return g_hash_table_size(kept->answers);
}
