/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of descriptors that a broker has identified: what it keeps, and when it stops using an entry. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "cuse-server/worker/kept-descriptors.h"
#include "tests/unit/support/count-descriptors.h"

enum { FILE_ID = 7 };

static KeptDescriptors *kept;
static int file;
static int other;

static void setup(void)
{
    kept = kept_descriptors_new();
    file = memfd_create("file", MFD_CLOEXEC);
    other = memfd_create("other", MFD_CLOEXEC);
    cr_assert(file >= 0 && other >= 0);
}

static void teardown(void)
{
    kept_descriptors_free(kept);
}

TestSuite(kept_descriptors, .init = setup, .fini = teardown, .timeout = 60);

/* Identify a descriptor as the broker does. */
static IdentifiedFile look(pid_t tid, int fd, int *info)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fd/%d", tid, fd);
    g_autofree char *text = g_strdup_printf("/proc/%d/fdinfo/%d", tid, fd);
    struct statx found;

    cr_assert_eq(statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID, &found), 0);
    *info = open(text, O_RDONLY | O_CLOEXEC);
    cr_assert_geq(*info, 0);
    return (IdentifiedFile){FILE_ID, found.stx_ino, found.stx_mnt_id};
}

static void keep(pid_t tid, int fd)
{
    int info;
    const IdentifiedFile found = look(tid, fd, &info);

    kept_descriptors_keep(kept, tid, fd, &found, info);
}

static bool is_kept(pid_t tid, int fd)
{
    uint32_t id = 0;
    const bool found = kept_descriptors_find(kept, tid, fd, &id);

    cr_assert_eq(id, found ? FILE_ID : 0);
    return found;
}

Test(kept_descriptors, are_found_for_the_same_thread_and_number)
{
    const int number = dup(file);

    cr_assert_not(is_kept(gettid(), number));
    keep(gettid(), number);
    cr_assert(is_kept(gettid(), number));
    cr_assert(is_kept(gettid(), number), "the text is written anew each time");
    cr_assert_not(is_kept(gettid(), file));
    cr_assert_not(is_kept(gettid() + 1, number));
}

Test(kept_descriptors, are_not_found_when_another_file_is_at_the_number)
{
    const int number = dup(file);

    keep(gettid(), number);
    dup2(other, number);
    cr_assert_not(is_kept(gettid(), number));
    cr_assert_eq(kept_descriptors_size(kept), 0);
    dup2(file, number);
    cr_assert_not(is_kept(gettid(), number), "it was dropped");
}

Test(kept_descriptors, are_not_found_when_closed)
{
    const int number = dup(file);

    keep(gettid(), number);
    close(number);
    cr_assert_not(is_kept(gettid(), number));
}

Test(kept_descriptors, are_not_found_when_opened_without_rights)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", file);
    const int number = dup(file);

    keep(gettid(), number);
    dup2(open(path, O_PATH), number);
    cr_assert_not(is_kept(gettid(), number));
}

Test(kept_descriptors, are_not_kept_when_the_file_is_gone_already)
{
    const int number = dup(file);
    int info;
    const IdentifiedFile found = look(gettid(), number, &info);

    dup2(other, number);
    kept_descriptors_keep(kept, gettid(), number, &found, info);
    cr_assert_eq(kept_descriptors_size(kept), 0);
    cr_assert_lt(fcntl(info, F_GETFD), 0, "it was closed");
}

Test(kept_descriptors, are_not_kept_when_the_kernel_names_no_inode)
{
    static const char text[] = "pos:\t0\nflags:\t0100002\nmnt_id:\t1\n";
    const IdentifiedFile found = {.id = FILE_ID, .mount = 1};

    cr_assert_eq(write(other, text, sizeof text - 1), (ssize_t)sizeof text - 1);
    kept_descriptors_keep(kept, gettid(), file, &found, other);
    cr_assert_eq(kept_descriptors_size(kept), 0);
}

/* --- threads and processes -------------------------------------------------------------------- */

/* Another thread or process, which does one step at a time: step() starts it, and waits until it is done. */
typedef struct {
    pid_t tid;
    int number; /* of the file in its table */
    int go;
    int done;
} Other;

static void other_init(Other *one)
{
    *one = (Other){.number = dup(file), .go = eventfd(0, 0), .done = eventfd(0, 0)};
}

static void other_waits(const Other *one)
{
    eventfd_t value;

    eventfd_write(one->done, 1);
    eventfd_read(one->go, &value);
}

static void step(const Other *one)
{
    eventfd_t value;

    eventfd_write(one->go, 1);
    eventfd_read(one->done, &value);
}

static void wait_until_ready(const Other *one)
{
    eventfd_t value;

    eventfd_read(one->done, &value);
}

/* Its last step cannot be reported. */
static bool goes_soon(const Other *one)
{
    for (unsigned i = 0; i < 1000 && is_kept(one->tid, one->number); i++) {
        usleep(1000);
    }
    return !is_kept(one->tid, one->number);
}

static void *thread_with_a_table_of_its_own(void *data)
{
    Other *one = data;

    one->tid = gettid();
    other_waits(one);
    unshare(CLONE_FILES);
    other_waits(one);
    dup2(other, one->number);
    other_waits(one);
    return NULL;
}

Test(kept_descriptors, are_those_of_the_threads_own_table)
{
    pthread_t thread;
    Other one;

    other_init(&one);
    pthread_create(&thread, NULL, thread_with_a_table_of_its_own, &one);
    wait_until_ready(&one);
    keep(gettid(), one.number);
    keep(one.tid, one.number);
    step(&one);
    cr_assert(is_kept(one.tid, one.number));
    step(&one);
    cr_assert_not(is_kept(one.tid, one.number));
    cr_assert(is_kept(gettid(), one.number));
    eventfd_write(one.go, 1);
    pthread_join(thread, NULL);
}

static void *thread_that_ends(void *data)
{
    Other *one = data;

    one->tid = gettid();
    other_waits(one);
    return NULL;
}

Test(kept_descriptors, of_a_thread_that_has_ended_are_not_found)
{
    pthread_t thread;
    Other one;

    other_init(&one);
    pthread_create(&thread, NULL, thread_that_ends, &one);
    wait_until_ready(&one);
    keep(one.tid, one.number);
    cr_assert(is_kept(one.tid, one.number));
    eventfd_write(one.go, 1);
    pthread_join(thread, NULL);
    cr_assert(goes_soon(&one));
}

static void *execute(void *data)
{
    char program[] = "/bin/sleep";
    char time[] = "60";
    char *const arguments[] = {program, time, NULL};

    (void)data;
    execv(program, arguments);
    return NULL;
}

/* Executed by the first thread, or by another, which then gets the first thread's number. */
static G_NORETURN void be_child(const Other *one, bool in_thread)
{
    pthread_t thread;

    other_waits(one);
    if (in_thread) {
        pthread_create(&thread, NULL, execute, NULL);
        pthread_join(thread, NULL);
    }
    execute(NULL);
    _exit(1);
}

static void check_exec(bool in_thread)
{
    Other one;

    other_init(&one);
    fcntl(one.number, F_SETFD, FD_CLOEXEC);
    one.tid = fork();
    if (one.tid == 0) {
        be_child(&one, in_thread);
    }
    wait_until_ready(&one);
    keep(gettid(), one.number);
    keep(one.tid, one.number);
    cr_assert(is_kept(one.tid, one.number));
    eventfd_write(one.go, 1);
    cr_assert(goes_soon(&one));
    cr_assert(is_kept(gettid(), one.number));
    kill(one.tid, SIGKILL);
    waitpid(one.tid, NULL, 0);
}

Test(kept_descriptors, are_not_found_when_executing_has_closed_them)
{
    check_exec(false);
    check_exec(true);
}

/* --- all of them ------------------------------------------------------------------------------ */

Test(kept_descriptors, of_a_file_go_with_it)
{
    keep(gettid(), file);
    kept_descriptors_drop_file(kept, FILE_ID + 1);
    cr_assert(is_kept(gettid(), file));
    kept_descriptors_drop_file(kept, FILE_ID);
    cr_assert_not(is_kept(gettid(), file));
}

Test(kept_descriptors, take_a_descriptor_each_and_are_bounded)
{
    const unsigned before = count_descriptors();

    for (int i = 0; i < 3; i++) {
        keep(gettid(), file);
    }
    cr_assert_eq(count_descriptors(), before + 1);
    for (pid_t tid = 1; tid < 4 * KEPT_DESCRIPTORS_MAX; tid++) {
        int number;
        const IdentifiedFile found = look(gettid(), file, &number);
        kept_descriptors_keep(kept, -tid, file, &found, number);
        cr_assert_leq(count_descriptors(), before + KEPT_DESCRIPTORS_MAX);
    }
    cr_assert_leq(kept_descriptors_size(kept), KEPT_DESCRIPTORS_MAX);
}
