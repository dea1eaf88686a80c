/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's Host: files when the worker's table of descriptors is full, and questions to the broker about descriptors. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/proxy/proxy.h"
#include "cuse-server/wire/broker-protocol.h"
#include "cuse-server/wire/seqpacket.h"
#include "cuse-server/worker/broker-link.h"
#include "cuse-server/worker/opened-files.h"
#include "tests/unit/support/fake-host.h"

enum { POLLED, PLAIN, N_DEVICES, FILES = 64 };

static const Device devices[N_DEVICES] = {
    [POLLED] = {.kind = DEVICE_FRONTEND, .name = "nvidiactl"},
    [PLAIN] = {.kind = DEVICE_UVM, .name = "nvidia-uvm"},
};

static int sockets[2]; /* the worker's and the broker's */
static pid_t broker;
static BrokerLink *worker;
static DriverAbi *abi;
static Proxy proxy;

/* --- a broker, whose table of descriptors is its own ------------------------------------------- */

static int open_host_file(unsigned device, int node, int flags)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", node);

    return device == POLLED ? eventfd(0, EFD_CLOEXEC) : open(path, (flags & O_ACCMODE) | O_CLOEXEC);
}

/* The broker's answer: a file's number is the number of questions so far. */
static int identify(const BrokerRequest *request, BrokerReply *reply)
{
    static uint32_t times;
    g_autofree char *path =
        g_strdup_printf("/proc/%d/fd/%d", request->identify.tid, request->identify.fd);
    g_autofree char *info =
        g_strdup_printf("/proc/%d/fdinfo/%d", request->identify.tid, request->identify.fd);
    struct statx found = {0};

    reply->error =
        statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID, &found) < 0 ? EBADF : 0;
    reply->file = ++times;
    reply->inode = found.stx_ino;
    reply->mount = found.stx_mnt_id;
    return reply->error ? -1 : open(info, O_RDONLY | O_CLOEXEC);
}

/* The broker keeps the files that it opened, as a guest's mapping would, until it gets a notice. */
static G_NORETURN void be_broker(void)
{
    const int node = memfd_create("node", MFD_CLOEXEC);
    g_autoptr(GArray) kept = g_array_new(FALSE, FALSE, sizeof(int));
    BrokerRequest request;
    int fd;

    close(sockets[0]);
    while (seqpacket_wait(sockets[1], &request, sizeof request, &fd) == SEQPACKET_MESSAGE) {
        BrokerReply reply = {.serial = request.serial};
        if (request.op == BROKER_OPEN) {
            fd = open_host_file(request.open.device, node, (int)request.open.flags);
            g_array_append_val(kept, fd);
            (void)seqpacket_send(sockets[1], &reply, sizeof reply, fd);
        } else if (request.op == BROKER_NOTICE) {
            for (guint i = 0; i < kept->len; i++) {
                close(g_array_index(kept, int, i));
            }
            g_array_set_size(kept, 0);
        } else if (request.op == BROKER_IDENTIFY) {
            fd = identify(&request, &reply);
            (void)seqpacket_send(sockets[1], &reply, sizeof reply, fd);
            close_if_open(fd);
        } else if (request.op != BROKER_RELEASED) {
            (void)seqpacket_send(sockets[1], &reply, sizeof reply, -1);
        }
    }
    _exit(0);
}

/* --- the worker -------------------------------------------------------------------------------- */

static void begin(void)
{
    const ProxyLimits limits = {.files = FILES, .objects = {16, 16}};

    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
    broker = fork();
    if (broker == 0) {
        be_broker();
    }
    close(sockets[1]);
    worker = broker_link_new(sockets[0]);
    broker_link_keep_descriptors(worker);
    abi = fake_abi("580.105.08");
    proxy_init(&proxy, abi, NV_CAPS_DEFAULT, devices, N_DEVICES, &limits, broker_link_host(worker));
}

static void end(void)
{
    shutdown(sockets[0], SHUT_RDWR);
    waitpid(broker, NULL, 0);
    proxy_clear(&proxy);
    driver_abi_free(abi);
}

TestSuite(broker_link, .init = begin, .fini = end, .timeout = 60);

/* The lowest free descriptor. */
static int next_number(void)
{
    int fd = dup(STDERR_FILENO);

    close(fd);
    return fd;
}

/*
 * From now on no new descriptor gets a number of @limit or higher, including those of the test's own messages. Returns: the
 * previous limit.
 */
static int end_numbers_at(int number)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
        return -1;
    }
    const int before = (int)limit.rlim_cur;
    limit.rlim_cur = (rlim_t)number;
    return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -1 : before;
}

static int open_with_numbers_below(int number, unsigned device)
{
    NvFile *file = NULL;
    const int before = end_numbers_at(number);
    const int error = proxy_open(&proxy, device, O_RDWR, &file);

    cr_assert_eq(end_numbers_at(before), number);
    return error;
}

static NvFile *open_file(unsigned device)
{
    NvFile *file = NULL;

    cr_assert_eq(proxy_open(&proxy, device, O_RDWR, &file), 0);
    nv_file_unref(file); /* the table keeps the file */
    return file;
}

static unsigned n_files(void)
{
    nv_file_table_settle_all(proxy.files);
    return nv_file_table_size(proxy.files);
}

/* Release the last reference to the opened files. */
static void let_go(void)
{
    uint32_t id;

    broker_link_notice(worker);
    (void)proxy.host->ops->identify(proxy.host, 1, 0, &id); /* this is answered after the release */
}

Test(broker_link, a_closed_file_counts_until_it_is_released_though_no_descriptor_is_free)
{
    for (unsigned device = 0; device < N_DEVICES; device++) {
        open_file(device);
    }
    const int before = end_numbers_at(0);
    for (uint32_t id = 1; id <= N_DEVICES; id++) {
        proxy_release(&proxy, id);
    }
    const unsigned kept = n_files();
    cr_assert_eq(end_numbers_at(before), 0);
    cr_expect_eq(kept, N_DEVICES);
    let_go();
    cr_expect_eq(n_files(), 0);
}

Test(broker_link, a_file_that_nothing_could_follow_is_not_opened)
{
    const int free_number = next_number();

    cr_expect_eq(open_with_numbers_below(free_number + 1, POLLED), ENFILE,
                 "there is one for the host file alone");
    cr_expect_eq(n_files(), 0);
    cr_expect_eq(next_number(), free_number, "it stayed open");
    cr_expect_eq(open_with_numbers_below(free_number + FILES, POLLED), 0);
}

Test(broker_link, nor_is_one_that_cannot_be_locked)
{
    NvFile *file = NULL;

    open_file(PLAIN); /* with which there is a probe */
    const int free_number = next_number();
    cr_expect_eq(proxy_open(&proxy, PLAIN, O_ACCMODE, &file), EACCES, "for ioctl() alone");
    cr_expect_eq(n_files(), 1);
    cr_expect_eq(next_number(), free_number, "it stayed open");
}

Test(broker_link, what_a_file_takes_is_given_back)
{
    open_file(PLAIN);
    const int free_number = next_number();

    for (unsigned i = 0; i < 2 * FILES; i++) {
        NvFile *file = open_file(i % N_DEVICES);
        proxy_release(&proxy, file->id);
        let_go();
    }
    cr_expect_eq(n_files(), 1);
    cr_expect_eq(next_number(), free_number);
}

/* --- files that the broker brings ------------------------------------------------------------- */

/* The broker is not asked: it would open another. */
Test(broker_link, what_was_brought_is_what_is_opened)
{
    const int before = open_file(PLAIN)->fd; /* with which there is a probe */
    const int fd = memfd_create("brought", MFD_CLOEXEC);

    opened_files_bring(fd);
    cr_expect_eq(open_file(PLAIN)->fd, fd);
    opened_files_bring_no_more();
    const int next = open_file(PLAIN)->fd;
    cr_expect(next != fd && next != before && fcntl(fd, F_GETFD) >= 0);
}

Test(broker_link, what_was_brought_and_not_opened_is_closed)
{
    const int fd = memfd_create("brought", MFD_CLOEXEC);

    opened_files_bring(fd);
    opened_files_bring_no_more();
    cr_expect_lt(fcntl(fd, F_GETFD), 0);
}

Test(broker_link, what_did_not_get_here_is_not_opened)
{
    NvFile *file = NULL;

    opened_files_bring(-1);
    cr_expect_eq(proxy_open(&proxy, POLLED, O_RDWR, &file), ENFILE);
    cr_expect_eq(proxy_open(&proxy, POLLED, O_RDWR, &file), 0, "that was for one open");
    nv_file_unref(file);
}

/* --- questions ----------------------------------------------------------------------------------- */

enum { ASKERS = 8, QUESTIONS = 200 };

static gpointer ask_often(gpointer data)
{
    Host *host = broker_link_host(worker);

    for (unsigned i = 0; i < QUESTIONS; i++) {
        const int fd = host->ops->open(host, POLLED, O_RDWR);
        if (fd < 0) {
            return (gpointer) "an open failed";
        }
        host_close(host, fd);
    }
    return data;
}

Test(broker_link, each_of_many_that_ask_gets_its_answer)
{
    GThread *threads[ASKERS];

    for (unsigned i = 0; i < ASKERS; i++) {
        threads[i] = g_thread_new("asker", ask_often, NULL);
    }
    for (unsigned i = 0; i < ASKERS; i++) {
        cr_expect_null(g_thread_join(threads[i]));
    }
}

static gpointer ask_in_vain(gpointer data)
{
    GuestProcess process;
    Host *host = broker_link_host(worker);

    (void)data;
    while (host->ops->process(host, 1, HOST_ANY_USER, &process) != EIO) {
    }
    return NULL;
}

Test(broker_link, whoever_asks_a_broker_that_ends_is_told)
{
    GThread *threads[ASKERS];

    for (unsigned i = 0; i < ASKERS; i++) {
        threads[i] = g_thread_new("asker", ask_in_vain, NULL);
    }
    kill(broker, SIGKILL);
    for (unsigned i = 0; i < ASKERS; i++) {
        g_thread_join(threads[i]); /* otherwise the test runs into its time limit */
    }
}

/* The number of the broker's answer that the worker uses; 0: the descriptor does not refer to a file. */
static uint32_t answer_about(int fd)
{
    uint32_t id;

    return proxy.host->ops->identify(proxy.host, gettid(), fd, &id) == 0 ? id : 0;
}

Test(broker_link, asks_about_a_descriptor_once_as_long_as_it_is_of_the_same_file)
{
    const int file = memfd_create("file", MFD_CLOEXEC);
    const int other = memfd_create("other", MFD_CLOEXEC);
    const int number = dup(file);

    cr_assert_eq(answer_about(number), 1);
    cr_assert_eq(answer_about(number), 1);
    cr_assert_eq(answer_about(file), 2, "of another number it knows nothing");
    dup2(other, number);
    cr_assert_eq(answer_about(number), 3);
    dup2(file, number);
    cr_assert_eq(answer_about(number), 4);
    broker_link_released(worker, 4);
    cr_assert_eq(answer_about(number), 5);
    cr_assert_eq(answer_about(file), 2);
    close(number);
    cr_assert_eq(answer_about(number), 0);
}
