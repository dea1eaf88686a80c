/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's questions to a worker that answers in another order, or never. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cuse-server/broker/workers/worker-link.h"
#include "cuse-server/wire/seqpacket.h"

/* More questions than the socket's buffer takes, and more words than a message takes. */
enum { MANY = 50, TOO_MANY = 100000 };

/* The file systems of the first worker's files and of the next worker's. */
#define FIRST  makedev(0, 300)
#define SECOND makedev(0, 301)

static int sockets[2]; /* the broker's and the worker's */
static WorkerLink *worker;
static WorkerAsked asked[MANY];

static void begin(void)
{
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
    worker = worker_link_new(sockets[0], file_key(FIRST, 0));
}

static void end(void)
{
    worker_link_free(worker);
    close(sockets[0]);
    close(sockets[1]);
}

static void hang_up(void)
{
    close(sockets[1]);
    sockets[1] = -1;
}

TestSuite(worker_link, .init = begin, .fini = end, .timeout = 60);

/* Ask about the file with this number in @space. */
static void send_about(dev_t space, unsigned i)
{
    WorkerQuestion question = {.op = WORKER_IOCTL};

    worker_link_send(worker, &question, file_key(space, i), -1, &asked[i]);
}

static void send_all(void)
{
    for (unsigned i = 0; i < MANY; i++) {
        send_about(FIRST, i);
    }
}

static int wait_for(unsigned i)
{
    int fd;
    int error = worker_link_wait(worker, &asked[i], &fd);

    cr_assert_eq(fd, -1);
    return error;
}

/* Answer the worker's last @n questions, the latest first: the answer is the file's number. */
static void answer_last_first(unsigned n)
{
    g_autofree WorkerQuestion *questions = g_new(WorkerQuestion, n);
    int fd;

    for (unsigned i = 0; i < n; i++) {
        cr_assert_eq(seqpacket_receive(sockets[1], &questions[i], sizeof questions[i], &fd),
                     SEQPACKET_MESSAGE);
    }
    for (unsigned i = n; i-- > 0;) {
        const WorkerAnswer answer = {.serial = questions[i].serial,
                                     .error = (int32_t)questions[i].file};
        cr_assert(seqpacket_send(sockets[1], &answer, sizeof answer, -1));
    }
}

Test(worker_link, answers_come_in_any_order_or_not_at_all)
{
    send_all();
    answer_last_first(MANY);
    for (unsigned i = 0; i < MANY; i++) {
        cr_assert_eq(wait_for(i), (int)i);
    }
    send_all();
    hang_up();
    for (unsigned i = 0; i < MANY; i++) {
        cr_assert_eq(wait_for(i), EIO);
    }
}

Test(worker_link, questions_to_a_worker_that_is_gone_fail)
{
    hang_up();
    send_about(FIRST, 0);
    cr_assert_eq(wait_for(0), EIO);
}

/* If the broker waited for threads that ask meanwhile, a guest that never stops asking could delay the next worker for ever. */
Test(worker_link, the_next_worker_comes_whoever_asks_meanwhile)
{
    const int old = sockets[0];

    hang_up();
    send_about(FIRST, 0);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
    worker_link_renew(worker, sockets[0], file_key(SECOND, 0));
    close(old);
    cr_assert_eq(wait_for(0), EIO);
    send_about(SECOND, 1);
    answer_last_first(1);
    cr_assert_eq(wait_for(1), 1);
}

Test(worker_link, the_next_worker_is_asked_about_its_own_files_alone)
{
    WorkerQuestion question = {.op = WORKER_INTERRUPT};

    worker_link_renew(worker, sockets[0], file_key(SECOND, 0));
    send_about(FIRST, 1); /* identified before the previous worker had ended */
    cr_expect_eq(wait_for(1), EIO);
    send_about(SECOND, 2);
    worker_link_send(worker, &question, 0, -1, &asked[0]); /* without a file */
    answer_last_first(2);
    cr_expect_eq(wait_for(2), 2, "the first that came");
    cr_expect_eq(wait_for(0), 0);
}

/* --- what has no answer ----------------------------------------------------------------------- */

static bool tell(dev_t space, unsigned i, int fd)
{
    WorkerQuestion word = {.op = WORKER_GIVEN, .given = {.flags = O_RDWR}};

    return worker_link_tell(worker, &word, file_key(space, i), fd);
}

Test(worker_link, a_word_comes_with_its_file_and_nobody_waits)
{
    WorkerQuestion word;
    int fd;

    cr_assert(tell(FIRST, 5, STDERR_FILENO));
    cr_assert_eq(seqpacket_receive(sockets[1], &word, sizeof word, &fd), SEQPACKET_MESSAGE);
    cr_expect(word.op == WORKER_GIVEN && word.file == 5 && word.given.flags == O_RDWR);
    cr_expect_geq(fd, 0);
    close(fd);
}

Test(worker_link, nobody_hears_a_word_about_a_file_of_the_worker_before)
{
    worker_link_renew(worker, sockets[0], file_key(SECOND, 0));
    cr_expect_not(tell(FIRST, 1, -1));
    cr_expect(tell(SECOND, 1, -1));
    hang_up();
    cr_expect_not(tell(SECOND, 2, -1), "it is gone");
}

Test(worker_link, a_worker_that_hears_nothing_holds_nobody_up_who_has_a_word_for_it)
{
    WorkerQuestion word;
    unsigned n = 0;
    int fd;

    while (tell(FIRST, n, STDERR_FILENO)) {
        cr_assert_lt(++n, TOO_MANY);
    }
    cr_expect_gt(n, 64);
    for (unsigned i = 0; i < n; i++) {
        cr_assert_eq(seqpacket_receive(sockets[1], &word, sizeof word, &fd), SEQPACKET_MESSAGE);
        cr_assert_eq(word.file, i);
        close(fd);
    }
    cr_expect(tell(FIRST, 0, -1), "there is room again");
}

static gpointer ask_one(gpointer number)
{
    WorkerQuestion question = {.op = WORKER_IOCTL};
    const FileKey file = file_key(FIRST, GPOINTER_TO_UINT(number));
    int fd;

    return GINT_TO_POINTER(worker_link_ask(worker, &question, file, -1, &fd));
}

Test(worker_link, each_of_many_threads_gets_its_own_answer)
{
    enum { THREADS = 16 };
    GThread *threads[THREADS];

    for (unsigned i = 0; i < THREADS; i++) {
        threads[i] = g_thread_new("asks", ask_one, GUINT_TO_POINTER(i + 1));
    }
    for (unsigned i = 0; i < THREADS; i++) {
        WorkerQuestion question;
        int fd;
        cr_assert_eq(seqpacket_wait(sockets[1], &question, sizeof question, &fd),
                     SEQPACKET_MESSAGE);
        const WorkerAnswer answer = {.serial = question.serial, .error = (int32_t)question.file};
        cr_assert(seqpacket_send(sockets[1], &answer, sizeof answer, -1));
    }
    for (unsigned i = 0; i < THREADS; i++) {
        cr_assert_eq(GPOINTER_TO_INT(g_thread_join(threads[i])), (int)i + 1);
    }
}
