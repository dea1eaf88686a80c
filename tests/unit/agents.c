/* SPDX-License-Identifier: Apache-2.0 */
/* Agents in a process of the test's own, with a file in memory in place of the driver's. */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "cuse-server/broker/agents.h"
#include "cuse-server/broker/guest-thread.h"
#include "cuse-server/broker/notification.h"
#include "cuse-server/container/open-filter.h"
#include "cuse-server/transport/seqpacket.h"

#define PAGE 4096UL
#define SIZE (2 * PAGE)

/* The descriptor by which guests name what is mapped; it is not open in them. */
enum { GUEST_FD = 500, THREADS = 4, ROUNDS = 50 };

typedef void (*Scene)(void);

static int host_file;
static Agents *agents;
static GuestMembers *members;
static bool strangers; /* nobody has been told to be a guest */
static Incidents *incidents;
static uint64_t counts[INCIDENT_KIND_COUNT]; /* of the last scene */
static int listener;

/* --- the guest -------------------------------------------------------------------------------- */

static volatile unsigned *map(void)
{
    return mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, GUEST_FD, 0);
}

static G_NORETURN void be_guest(int socket, Scene scene)
{
    g_autoptr(GError) error = NULL;
    char message = 'l';
    int fd;

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    fd = open_filter_install(&(FilterNeeds){.transport = TRANSPORT_CUSE}, &error);
    if (fd < 0 || !seqpacket_send(socket, &message, 1, fd)) {
        _exit(99);
    }
    close(fd);
    scene();
    _exit(0);
}

/* The guest's parent, which tells how it ended: a process that traces its own child would see its stops
 * wherever it waits for it. */
static G_NORETURN void be_parent(int socket, int result, Scene scene)
{
    int how = 0;
    pid_t guest = fork();

    if (guest == 0) {
        be_guest(socket, scene);
    }
    waitpid(guest, &how, 0);
    _exit(write(result, &how, sizeof how) == sizeof how ? 0 : 1);
}

/* --- the broker ------------------------------------------------------------------------------- */

static gpointer serve(gpointer data)
{
    (void)data;
    struct pollfd poll_fd = {.fd = listener, .events = POLLIN};

    while (poll(&poll_fd, 1, -1) > 0 && !(poll_fd.revents & POLLHUP)) {
        struct seccomp_notif notif;
        memset(&notif, 0, sizeof notif);
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notif) < 0 ||
            agents_notified(agents, &notif)) {
            continue;
        }
        if ((int)notif.data.args[4] == GUEST_FD) {
            agents_map(agents, listener, &notif, guest_thread_group((pid_t)notif.pid),
                       dup(host_file));
        } else {
            notification_continue(listener, notif.id);
        }
    }
    return NULL;
}

/* Play a scene in a guest; returns how it ended, as waitpid() says. */
static int play(Scene scene)
{
    struct pollfd readable;
    int sockets[2];
    int ends[2];
    int how = 0;
    char message;
    GThread *thread;
    pid_t parent;

    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
    host_file = memfd_create("host", MFD_CLOEXEC);
    cr_assert_eq(ftruncate(host_file, SIZE), 0);
    parent = fork();
    if (parent == 0) {
        close(host_file);
        be_parent(sockets[1], ends[1], scene);
    }
    close(ends[1]);
    close(sockets[1]);
    readable = (struct pollfd){.fd = sockets[0], .events = POLLIN};
    poll(&readable, 1, -1);
    cr_assert_eq(seqpacket_receive(sockets[0], &message, 1, &listener), SEQPACKET_MESSAGE);
    members = guest_members_new();
    if (!strangers) {
        g_auto(GuestHome) home = {.fd = -1};
        cr_assert(guest_home_find(parent, &home));
        guest_members_add(members, &home);
    }
    incidents = incidents_new(-1);
    agents = agents_new(members, incidents);
    thread = g_thread_new("serve", serve, NULL);
    cr_assert_eq(waitpid(parent, NULL, 0), parent);
    cr_assert_eq(read(ends[0], &how, sizeof how), sizeof how);
    agents_stop(agents);
    g_thread_join(thread);
    agents_free(agents);
    guest_members_free(members);
    (void)incidents_count(incidents, counts);
    incidents_free(incidents);
    close(listener);
    close(host_file);
    close(sockets[0]);
    close(ends[0]);
    return how;
}

static bool ended_well(int how)
{
    return WIFEXITED(how) && WEXITSTATUS(how) == 0;
}

/* --- scenes ----------------------------------------------------------------------------------- */

static void map_twice(void)
{
    volatile unsigned *one = map();
    volatile unsigned *other = map();

    if (one == MAP_FAILED || other == MAP_FAILED || one == other) {
        _exit(1);
    }
    one[3] = 77;
    _exit(other[3] == 77 ? 0 : 2);
}

Test(agents, the_first_mapping_of_a_process_and_the_next_show_the_hosts_file)
{
    cr_assert(ended_well(play(map_twice)));
}

static void map_as_a_stranger(void)
{
    _exit(map() == MAP_FAILED && errno == ESRCH ? 0 : 1);
}

Test(agents, no_process_is_traced_that_is_no_guest)
{
    strangers = true;
    cr_assert(ended_well(play(map_as_a_stranger)));
}

static void map_after_a_while(void)
{
    for (int i = 0; i < 3; i++) {
        if (map() == MAP_FAILED) {
            _exit(1);
        }
        usleep(450000);
    }
}

Test(agents, one_that_has_left_is_followed_by_another)
{
    cr_assert(ended_well(play(map_after_a_while)));
}

static void *map_often(void *data)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        volatile unsigned *mapped = map();
        if (mapped == MAP_FAILED || munmap((void *)mapped, SIZE) != 0) {
            return (void *)"failed";
        }
    }
    return data;
}

static void map_in_threads(void)
{
    pthread_t threads[THREADS];

    for (unsigned i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, map_often, NULL);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        void *trouble;
        pthread_join(threads[i], &trouble);
        if (trouble) {
            _exit(1);
        }
    }
}

Test(agents, threads_share_one)
{
    cr_assert(ended_well(play(map_in_threads)));
}

static void map_beyond(void)
{
    void *mapped =
        mmap(NULL, SIZE, PROT_READ, MAP_SHARED, GUEST_FD, (off_t)1 << 40); /* as the host says */

    if (mapped == MAP_FAILED ||
        mmap((void *)1, SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, GUEST_FD, 0) != MAP_FAILED ||
        errno != EINVAL) {
        _exit(1);
    }
}

Test(agents, the_kernels_errors_are_the_guests)
{
    cr_assert(ended_well(play(map_beyond)));
}

static void be_killed(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, map_often, NULL);
    map_often(NULL);
    (void)raise(SIGKILL);
}

Test(agents, nothing_waits_for_a_guest_that_is_killed)
{
    int how = play(be_killed);

    cr_assert(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
}

/* --- other code in place of the agent's ------------------------------------------------------- */

/* mmap() as a function: eax = 9; r10 = rcx; syscall; ret */
static const unsigned char code[] = {0xb8, 9, 0, 0, 0, 0x49, 0x89, 0xca, 0x0f, 0x05, 0xc3};

enum { INSTRUCTION = 8 };

static unsigned char replacement[2];

static void rewrite(void)
{
    typedef void *Mmap(void *, size_t, int, int, int, off_t);
    unsigned char *page =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    memcpy(page, code, sizeof code);
    if (((Mmap *)(void *)page)(NULL, SIZE, PROT_READ, MAP_SHARED, GUEST_FD, 0) == MAP_FAILED) {
        _exit(1);
    }
    memcpy(page + INSTRUCTION, replacement, sizeof replacement);
    _exit(map() == MAP_FAILED ? 2 : 0);
}

static int rewritten_as(unsigned char first, unsigned char second)
{
    replacement[0] = first;
    replacement[1] = second;
    return play(rewrite);
}

Test(agents, code_that_stays_the_same_works)
{
    cr_assert(ended_well(rewritten_as(0x0f, 0x05)));
}

Test(agents, a_process_that_gives_its_agent_other_code_is_killed)
{
    static const unsigned char others[][2] = {
        {0xeb, 0xfe}, /* an endless loop */
        {0x0f, 0x0b}, /* a bad instruction */
        {0xcd, 0x80}, /* the gate of 32-bit programs */
        {0x90, 0x90}, /* nothing: what comes next is the guest's */
        {0xcc, 0xcc}, /* a breakpoint */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        int how = rewritten_as(others[i][0], others[i][1]);
        cr_assert(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL, "%02x %02x: %x", others[i][0],
                  others[i][1], how);
        cr_assert_eq(counts[INCIDENT_OTHER_CODE] + counts[INCIDENT_ASTRAY], 1,
                     "%02x %02x: reported", others[i][0], others[i][1]);
    }
}
