/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of memory that a broker has lent: what it keeps, and when it stops using an entry. */
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "cuse-server/worker/memory/lent-memory.h"
#include "tests/unit/support/count-descriptors.h"

enum { FILE_ID = 7, LENDING = 3, PROCESS = 77, OWNER = 1234 };

static LentMemories *memories;

static void setup(void)
{
    memories = lent_memories_new();
}

static void teardown(void)
{
    lent_memories_free(memories);
}

TestSuite(lent_memory, .init = setup, .fini = teardown);

static int open_of(pid_t tid, const char *name)
{
    g_autofree char *path = g_strdup_printf("/proc/self/task/%d/%s", tid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    cr_assert_geq(fd, 0, "%s", path);
    return fd;
}

static LentKey key_of(pid_t tid, uint32_t file)
{
    return (LentKey){file, tid, 1000, 100};
}

static uint32_t owner = OWNER; /* owner of the process whose memory is lent next */

static Lent lent_of_this_thread(uint64_t lending)
{
    return (Lent){lending, open_of(gettid(), "mem"), open_of(gettid(), "comm"), {PROCESS, owner}};
}

static void keep(const LentKey *key, uint64_t asked, uint64_t lending)
{
    const Lent lent = lent_of_this_thread(lending);

    lent_memory_unref(lent_memories_keep(memories, key, asked, &lent));
}

static bool is_kept(const LentKey *key)
{
    g_autoptr(LentMemory) found = lent_memories_find(memories, key);

    return found;
}

static bool is_process_known(pid_t tid, uid_t uid)
{
    GuestProcess process = {0};
    const bool known = lent_memories_process(memories, tid, uid, &process);

    cr_assert_eq(process.id, known ? PROCESS : 0);
    cr_assert_eq(process.uid, known ? uid : 0);
    return known;
}

Test(lent_memory, is_found_for_the_same_caller_on_the_same_file)
{
    const LentKey key = key_of(gettid(), FILE_ID);
    LentKey others[] = {key, key, key, key};

    cr_assert_not(is_kept(&key));
    keep(&key, lent_memories_ask(memories), LENDING);
    cr_assert(is_kept(&key));
    others[0].file++;
    others[1].tid++;
    others[2].uid++;
    others[3].gid++;
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        cr_expect_not(is_kept(&others[i]), "%zu", i);
    }
}

Test(lent_memory, is_not_found_once_it_is_taken_back)
{
    const LentKey key = key_of(gettid(), FILE_ID);
    const LentKey other = key_of(gettid(), FILE_ID + 1);

    keep(&key, lent_memories_ask(memories), LENDING);
    keep(&other, lent_memories_ask(memories), LENDING + 1);
    lent_memories_take_back(memories, LENDING);
    cr_assert_not(is_kept(&key));
    cr_assert(is_kept(&other));
    cr_assert_eq(lent_memories_size(memories), 1);
}

Test(lent_memory, that_comes_after_something_was_taken_back_is_for_one_call)
{
    const LentKey key = key_of(gettid(), FILE_ID);
    const uint64_t asked = lent_memories_ask(memories);

    lent_memories_take_back(memories, LENDING);
    const Lent lent = lent_of_this_thread(LENDING);
    LentMemory *memory = lent_memories_keep(memories, &key, asked, &lent);
    cr_assert_geq(fcntl(lent.memory, F_GETFD), 0, "the call has it");
    lent_memory_unref(memory);
    cr_assert_not(is_kept(&key));
}

Test(lent_memory, in_use_stays_while_it_is_taken_back)
{
    const LentKey key = key_of(gettid(), FILE_ID);

    keep(&key, lent_memories_ask(memories), LENDING);
    LentMemory *lent = lent_memories_find(memories, &key);
    lent_memories_take_back(memories, LENDING);
    cr_assert_geq(fcntl(lent->lent.memory, F_GETFD), 0);
    const int fd = lent->lent.memory;
    lent_memory_unref(lent);
    cr_assert_lt(fcntl(fd, F_GETFD), 0, "and no longer");
}

Test(lent_memory, is_extended_to_what_its_thread_opens_until_it_is_taken_back)
{
    const LentKey key = key_of(gettid(), FILE_ID);
    const LentKey other = key_of(gettid(), FILE_ID + 1);
    const LentKey late = key_of(gettid(), FILE_ID + 2);

    lent_memories_extend(memories, &other, LENDING);
    cr_assert_not(is_kept(&other), "there is nothing to be extended");
    keep(&key, lent_memories_ask(memories), LENDING);
    lent_memories_extend(memories, &other, 0);
    lent_memories_extend(memories, &other, LENDING + 1);
    cr_assert_not(is_kept(&other), "it is of another lending");
    lent_memories_extend(memories, &other, LENDING);
    cr_assert(is_kept(&other));
    lent_memories_take_back(memories, LENDING);
    lent_memories_extend(memories, &late, LENDING);
    cr_assert_not(is_kept(&late), "the word came late");
    cr_assert_eq(lent_memories_size(memories), 0);
}

static void *lend_and_end(void *data)
{
    LentKey *key = data;

    *key = key_of(gettid(), FILE_ID);
    keep(key, lent_memories_ask(memories), LENDING);
    return is_kept(key) ? data : NULL;
}

Test(lent_memory, of_a_thread_that_has_ended_is_not_found)
{
    LentKey key;
    pthread_t thread;
    void *kept = NULL;

    pthread_create(&thread, NULL, lend_and_end, &key);
    pthread_join(thread, &kept);
    cr_assert_not_null(kept);
    for (unsigned i = 0; i < 1000 && is_kept(&key); i++) {
        usleep(1000); /* g_thread_join() may return before the kernel has ended the thread */
    }
    cr_assert_not(is_kept(&key));
    cr_assert_not(is_process_known(key.tid, OWNER));
}

Test(lent_memory, tells_whose_thread_it_is)
{
    const LentKey key = key_of(gettid(), FILE_ID);

    cr_assert_not(is_process_known(key.tid, OWNER));
    keep(&key, lent_memories_ask(memories), LENDING);
    cr_assert(is_process_known(key.tid, OWNER));
    cr_assert_not(is_process_known(key.tid, OWNER + 1), "it calls as another user");
    cr_assert_not(is_process_known(key.tid, HOST_ANY_USER));
    lent_memories_take_back(memories, LENDING);
    cr_assert_not(is_process_known(key.tid, OWNER), "the process may execute a program");
}

Test(lent_memory, tells_it_of_the_user_that_the_process_is_now)
{
    const LentKey key = key_of(gettid(), FILE_ID);
    LentKey other = key;

    other.uid++;
    keep(&key, lent_memories_ask(memories), LENDING);
    owner++;
    keep(&other, lent_memories_ask(memories), LENDING);
    cr_assert(is_process_known(key.tid, owner));
    cr_assert_not(is_process_known(key.tid, OWNER));
}

Test(lent_memory, of_a_file_goes_with_it)
{
    const LentKey key = key_of(gettid(), FILE_ID);
    const LentKey other = key_of(gettid(), FILE_ID + 1);

    keep(&key, lent_memories_ask(memories), LENDING);
    keep(&other, lent_memories_ask(memories), LENDING);
    lent_memories_drop_file(memories, FILE_ID);
    cr_assert_not(is_kept(&key));
    cr_assert(is_kept(&other));
}

Test(lent_memory, takes_two_descriptors_a_thread_and_is_bounded)
{
    const unsigned before = count_descriptors();
    LentKey key = key_of(gettid(), FILE_ID);

    for (uint32_t file = 1; file <= 100; file++) {
        key.file = file;
        keep(&key, lent_memories_ask(memories), LENDING);
    }
    cr_assert_eq(count_descriptors(), before + 2);
    for (pid_t tid = 1; tid < 4 * LENT_THREADS_MAX; tid++) {
        key = key_of(tid, FILE_ID);
        keep(&key, lent_memories_ask(memories), LENDING);
        cr_assert_leq(count_descriptors(), before + 2 * LENT_THREADS_MAX + 2);
    }
}
