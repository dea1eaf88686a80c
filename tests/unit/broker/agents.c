/* SPDX-License-Identifier: Apache-2.0 */
/* Agents in a process of the test's own, with a file in memory in place of the driver's. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "abi/uvm.h"
#include "cuse-server/broker/agents/agents.h"
#include "cuse-server/broker/agents/thread/agent-params.h"
#include "cuse-server/broker/guests/notification.h"
#include "cuse-server/broker/identity/guest-thread.h"
#include "cuse-server/container/guest-filter.h"
#include "cuse-server/wire/seqpacket.h"

#define PAGE 4096UL
#define SIZE (2 * PAGE)

/* The descriptor by which guests name what is mapped; it is not open in them. */
enum { GUEST_FD = 500, THREADS = 4, ROUNDS = 50, TAKES = 20, MANY = 20000 };

#define LOW_ADDRESS 0x10000000UL

typedef void (*Scene)(void);

static int host_file;
static Agents *agents;
static GuestMembers *members;
static bool strangers; /* nobody has been told to be a guest */
static Incidents *incidents;
static uint64_t counts[INCIDENT_KIND_COUNT]; /* of the last scene */
static int listener;
static bool is_container_without_filters;
static bool
    is_interruptible; /* a wait for the listener, by any signal; and each mapping has a thread of ours */
static bool is_made_ahead; /* the agent: it works without stops then, where the kernel lets it */

/* What becomes of the page of an ioctl()'s parameters while the agent waits for its call to be let on. */
typedef enum {
    PAGE_STAYS,
    PAGE_IS_WRITTEN_TO,
    PAGE_IS_REPLACED, /* by one with the same in it, so far */
} PageFate;

/* Shared with the guest, which does it. */
typedef struct {
    PageFate fate;
    _Atomic uintptr_t page; /* where it is; 0: not yet */
    _Atomic bool done;
} Spoiler;

static Spoiler *spoiler;
static uint8_t written[8]; /* the parameters */

/* Processor time of the reader's, in nanoseconds: for the guest's list of mappings, read by itself; and for an agent's
 * ioctl(). */
static int64_t reading_time;
static int64_t notified_time;
static _Atomic int ioctl_error;

/*
 * Lending: what became of the memory of the guest's.
 * @number: under which it was lent at its last mapping; 0: it was not
 * @taken_back: under which it was taken back
 * @command: what the process was, just then
 */
static struct {
    uint64_t number;
    uint64_t taken_back;
    pid_t process;
    char command[32];
} lending;

/* --- the guest -------------------------------------------------------------------------------- */

static volatile unsigned *map(void)
{
    return mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, GUEST_FD, 0);
}

/* As the profile of a runtime that does not know SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV. */
static int install_interruptible_filter(void)
{
    const unsigned shared = MAP_SHARED | MAP_ANONYMOUS | (unsigned)AGENT_MAP_MARK;
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[3])),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, shared),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MAP_SHARED, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = G_N_ELEMENTS(rules), .filter = rules};

    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                        &filter);
}

static G_NORETURN void be_guest(int socket, Scene scene)
{
    g_autoptr(GError) error = NULL;
    char message = 'l';
    int fd;

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    fd = is_interruptible ? install_interruptible_filter()
                          : guest_filter_install(&(FilterNeeds){0}, &error);
    if (fd < 0 || !seqpacket_send(socket, &message, 1, fd)) {
        _exit(99);
    }
    close(fd);
    if (is_made_ahead) {
        close(open("/dev/null", O_RDWR));
    }
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

/* The guest's own ioctl() waits for an agent's: have it made by a thread, for this one has to see to the agent. */
static gpointer issue(gpointer data)
{
    g_autofree struct seccomp_notif *notif = data;
    AgentIoctl what = {host_file, (uint32_t)notif->data.args[1], written, sizeof written};

    ioctl_error = agents_ioctl(agents, guest_thread_group((pid_t)notif->pid), &what);
    notification_return(listener, notif->id, ioctl_error);
    return NULL;
}

static void answer_ioctl(const struct seccomp_notif *notif)
{
    bool again = false;
    AgentHold *hold =
        agents_hold(agents, listener, notif, guest_thread_group((pid_t)notif->pid), &again);

    if (hold) {
        g_thread_unref(g_thread_new("issue", issue, g_memdup2(notif, sizeof *notif)));
    }
    agents_release(hold);
}

/* The agent's own call, before it is let on. */
static bool is_agents_ioctl(const struct seccomp_notif *notif)
{
    return notif->data.nr == SYS_ioctl && (int)notif->data.args[0] != GUEST_FD;
}

static void have_page_spoilt(const struct seccomp_notif *notif)
{
    spoiler->page = (uintptr_t)notif->data.args[2];
    while (spoiler->fate != PAGE_STAYS && !spoiler->done) {
        usleep(1000);
    }
}

static void take_back(uint64_t number, gpointer data)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/comm", lending.process);
    g_autofree char *command = NULL;

    (void)data;
    usleep(50000); /* who does not wait for this is something else by now */
    lending.taken_back = number;
    if (g_file_get_contents(path, &command, NULL, NULL)) {
        (void)g_strlcpy(lending.command, g_strchomp(command), sizeof lending.command);
    }
}

static void answer_map(const struct seccomp_notif *notif)
{
    const pid_t group = guest_thread_group((pid_t)notif->pid);

    lending.process = group;
    lending.number = agents_lend(agents, group);
    agents_map(agents, listener, notif, group, dup(host_file));
}

static gpointer map_for(gpointer data)
{
    g_autofree struct seccomp_notif *notif = data;

    answer_map(notif);
    return NULL;
}

/* In a thread: who waits for the agent's end does not serve it. */
static gpointer leave_alone(gpointer data)
{
    g_autofree struct seccomp_notif *notif = data;

    agents_dismiss(agents, guest_thread_group((pid_t)notif->pid));
    notification_continue(listener, notif->id);
    return NULL;
}

static void answer_alone(const struct seccomp_notif *notif)
{
    g_thread_unref(g_thread_new("alone", leave_alone, g_memdup2(notif, sizeof *notif)));
}

static gpointer prepare(gpointer data)
{
    g_autofree struct seccomp_notif *notif = data;
    const unsigned filters = is_container_without_filters ? 0 : UINT_MAX;
    GuestProcess process;

    if (!guest_thread_process(members, (pid_t)notif->pid, &process) ||
        !agents_prepare(agents, listener, notif, process.id, filters)) {
        notification_continue(listener, notif->id);
    }
    return NULL;
}

/* In a thread: it waits for an agent that is being made. */
static void answer_open(const struct seccomp_notif *notif)
{
    g_thread_unref(g_thread_new("prepare", prepare, g_memdup2(notif, sizeof *notif)));
}

static void answer(const struct seccomp_notif *notif)
{
    if (notif->data.nr == SYS_openat) {
        answer_open(notif);
    } else if (notif->data.nr == SYS_unshare) {
        answer_alone(notif);
    } else if (notif->data.nr == SYS_ioctl) {
        answer_ioctl(notif);
    } else if (notif->data.nr == SYS_pidfd_getfd) {
        agents_take_file(agents, listener, notif);
    } else if ((int)notif->data.args[4] == GUEST_FD && is_interruptible) {
        g_thread_unref(g_thread_new("map", map_for, g_memdup2(notif, sizeof *notif)));
    } else if ((int)notif->data.args[4] == GUEST_FD) {
        answer_map(notif);
    } else {
        notification_continue(listener, notif->id);
    }
}

static int64_t processor_time(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static bool notify(const struct seccomp_notif *notif)
{
    const int64_t begin = processor_time();
    bool is_agents = agents_notified(agents, notif);

    if (is_agents_ioctl(notif)) {
        notified_time = processor_time() - begin;
    }
    return is_agents;
}

static void read_maps(const struct seccomp_notif *notif)
{
    const int64_t begin = processor_time();
    g_autofree char *path = g_strdup_printf("/proc/%u/maps", notif->pid);
    g_autofree char *maps = NULL;

    (void)g_file_get_contents(path, &maps, NULL, NULL);
    reading_time = processor_time() - begin;
}

enum { SLOW_READER_US = 400 };

static gpointer serve(gpointer data)
{
    (void)data;
    struct pollfd poll_fd = {.fd = listener, .events = POLLIN};

    while (poll(&poll_fd, 1, -1) > 0 && !(poll_fd.revents & POLLHUP)) {
        struct seccomp_notif notif;
        memset(&notif, 0, sizeof notif);
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notif) < 0) {
            continue;
        }
        if (is_agents_ioctl(&notif)) {
            have_page_spoilt(&notif);
            read_maps(&notif);
        }
        if (is_interruptible) { /* what it tells of may be over before it is looked at */
            usleep((useconds_t)g_random_int_range(0, SLOW_READER_US));
        }
        if (!notify(&notif)) {
            answer(&notif);
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

    memset(&lending, 0, sizeof lending);
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
    agents = agents_new(members, incidents, take_back, NULL);
    thread = g_thread_new("serve", serve, NULL);
    cr_assert_eq(waitpid(parent, NULL, 0), parent);
    cr_assert_eq(read(ends[0], &how, sizeof how), sizeof how);
    cr_assert(agents_stop(agents, NULL));
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

Test(agents, one_that_rests_is_woken)
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

static void *map_forever(void *data)
{
    while (!map_often(NULL)) {
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

/* --- what it is kept for ----------------------------------------------------------------------- */

static unsigned count_threads(void)
{
    g_autoptr(GDir) tasks = g_dir_open("/proc/self/task", 0, NULL);
    unsigned n = 0;

    while (g_dir_read_name(tasks)) {
        n++;
    }
    return n;
}

static void open_something(void)
{
    int fd = open("/dev/null", O_RDWR);
    const unsigned threads = count_threads();

    if (fd < 0 || threads != 2) {
        _exit(1);
    }
    close(open("/dev/null", O_RDWR));
    _exit(count_threads() == 2 ? 0 : 2);
}

Test(agents, a_process_has_one_from_its_first_open_on)
{
    cr_assert(ended_well(play(open_something)));
}

static void open_under_more_filters(void)
{
    close(open("/dev/null", O_RDWR));
    _exit(count_threads() == 1 ? 0 : 1);
}

Test(agents, one_that_has_more_filters_than_its_container_has_none_ahead)
{
    is_container_without_filters = true;
    cr_assert(ended_well(play(open_under_more_filters)));
}

static void be_alone(void)
{
    if (map() == MAP_FAILED || count_threads() != 2) {
        _exit(1);
    }
    /* Only its error tells whether the process has one thread: what is not allowed is EPERM. */
    if (unshare(CLONE_NEWUSER) < 0 && errno != EPERM) {
        _exit(2);
    }
    if (count_threads() != 1) {
        _exit(3);
    }
    _exit(map() == MAP_FAILED ? 4 : 0);
}

Test(agents, a_process_that_is_to_be_alone_is)
{
    cr_assert(ended_well(play(be_alone)));
}

static void rest_and_be_alone(void)
{
    if (map() == MAP_FAILED) {
        _exit(5);
    }
    usleep(450000);
    be_alone();
}

Test(agents, also_if_its_agent_rests)
{
    cr_assert(ended_well(play(rest_and_be_alone)));
}

/* The second time it has an agent, and can be lent. */
static void map_to_be_lent(void)
{
    if (map() == MAP_FAILED) {
        _exit(1);
    }
    usleep(300000);
    if (map() == MAP_FAILED) {
        _exit(1);
    }
}

/* And that whoever it was lent of was there still, and had not become the program of this name. */
static void assert_taken_back_before(const char *program)
{
    cr_assert_neq(lending.number, 0);
    cr_assert_eq(lending.taken_back, lending.number);
    cr_assert_str_neq(lending.command, program);
    cr_assert_str_neq(lending.command, "", "it was there still");
}

static void map_and_execute(void)
{
    map_to_be_lent();
    execl("/bin/true", "true", NULL);
    _exit(2);
}

Test(agents, what_was_lent_is_taken_back_before_another_program_is_there)
{
    cr_assert(ended_well(play(map_and_execute)));
    assert_taken_back_before("true");
}

static void *execute(void *data)
{
    execl("/bin/true", "true", NULL);
    return data;
}

static void map_and_execute_in_thread(void)
{
    pthread_t thread;

    map_to_be_lent();
    usleep(450000);
    pthread_create(&thread, NULL, execute, NULL);
    pause();
}

Test(agents, also_if_a_thread_executes_it_and_the_agent_rests)
{
    cr_assert(ended_well(play(map_and_execute_in_thread)));
    assert_taken_back_before("true");
}

static int share_memory(void *data)
{
    (void)data;
    usleep(300000);
    return 0;
}

/* The child keeps the memory that was lent. */
static void leave_memory_to_another(void)
{
    static char stack[64 * 1024] __attribute__((aligned(16)));

    map_to_be_lent();
    if (clone(share_memory, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL) < 0) {
        _exit(2);
    }
    execl("/bin/true", "true", NULL);
    _exit(3);
}

Test(agents, also_if_another_process_keeps_the_memory)
{
    cr_assert(ended_well(play(leave_memory_to_another)));
    assert_taken_back_before("true");
}

static void map_once_and_end(void)
{
    map_to_be_lent();
    _exit(0);
}

Test(agents, and_when_the_process_ends)
{
    cr_assert(ended_well(play(map_once_and_end)));
    cr_assert_neq(lending.number, 0);
    cr_assert_eq(lending.taken_back, lending.number);
    cr_assert_str_neq(lending.command, "", "its number was still taken");
}

/* --- other parameters in place of those that were checked --------------------------------------- */

static void *spoil(void *data)
{
    uint8_t copy[sizeof written];

    while (!spoiler->page) {
        usleep(1000);
    }
    volatile uint8_t *page = (uint8_t *)spoiler->page; // NOLINT(performance-no-int-to-ptr)
    if (spoiler->fate == PAGE_IS_WRITTEN_TO) {
        page[0]++;
    } else if (spoiler->fate == PAGE_IS_REPLACED) {
        memcpy(copy, (const void *)page, sizeof copy);
        if (mmap((void *)page, PAGE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
            memcpy((void *)page, copy, sizeof copy);
        } else if (!is_made_ahead || errno != EPERM) {
            _exit(4);
        }
    }
    spoiler->done = true;
    return data;
}

/* The filter asks about it, whatever the file is. */
static void call_with_spoiler(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, spoil, NULL);
    _exit(ioctl(GUEST_FD, UVM_INITIALIZE, NULL) == ENOTTY ? 0 : 1);
}

static Scene scene_with_page = call_with_spoiler;

static int spoilt(PageFate fate)
{
    spoiler = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    spoiler->fate = fate;
    ioctl_error = 0;
    int how = play(scene_with_page);
    munmap(spoiler, PAGE);
    return how;
}

/* The host's file here is one in memory, which has no ioctls. */
Test(agents, parameters_that_stay_the_same_reach_the_host)
{
    cr_assert(ended_well(spoilt(PAGE_STAYS)));
    cr_assert_eq(ioctl_error, ENOTTY);
    cr_assert_eq(counts[INCIDENT_OTHER_CODE], 0);
}

Test(agents, parameters_that_are_changed_while_the_call_waits_to_be_let_on_do_not)
{
    for (PageFate fate = PAGE_IS_WRITTEN_TO; fate <= PAGE_IS_REPLACED; fate++) {
        int how = spoilt(fate);
        cr_assert(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL, "fate %d: %x", fate, how);
        cr_assert_neq(ioctl_error, ENOTTY, "fate %d", fate);
        cr_assert_eq(counts[INCIDENT_OTHER_CODE], 1, "fate %d: reported", fate);
    }
}

/* Below where its agent has the page. */
static void make_many_mappings(void)
{
    char *low = mmap((void *)LOW_ADDRESS, MANY * PAGE, // NOLINT(performance-no-int-to-ptr)
                     PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    for (size_t i = 0; low != MAP_FAILED && i < MANY; i += 2) {
        if (mprotect(low + i * PAGE, PAGE, PROT_READ) < 0) {
            _exit(5);
        }
    }
    call_with_spoiler();
}

Test(agents, who_sees_all_calls_reads_no_guests_list_of_mappings)
{
    scene_with_page = make_many_mappings;
    cr_assert(ended_well(spoilt(PAGE_STAYS)));
    cr_assert_eq(ioctl_error, ENOTTY);
    cr_expect_lt(notified_time, reading_time / 2);
}

/* --- what an agent has ---------------------------------------------------------------------------- */

static int take(int pidfd, int number)
{
    return (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
}

static bool is_host_file(int fd)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    g_autofree char *name = g_file_read_link(path, NULL);

    return name && strstr(name, "memfd:host");
}

/* Nobody keeps this guest from having pidfds of threads. */
static void take_from_thread(pid_t tid)
{
    int pidfd = (int)syscall(SYS_pidfd_open, tid, O_EXCL);

    for (int i = 0; pidfd >= 0 && i < TAKES; i++) {
        int fd = take(pidfd, i % 3);
        if (fd >= 0 && is_host_file(fd)) {
            _exit(3);
        }
        close(fd);
    }
    close(pidfd);
}

static void take_from_agents(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, map_forever, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        g_autoptr(GDir) tasks = g_dir_open("/proc/self/task", 0, NULL);
        const char *name;
        while ((name = g_dir_read_name(tasks))) {
            take_from_thread(atoi(name)); // NOLINT(cert-err34-c): the kernel's number
        }
    }
}

Test(agents, what_one_has_is_taken_by_nobody)
{
    if (!guest_threads_have_pidfds()) {
        cr_skip_test("the kernel has no pidfds of threads, by which it could be");
    }
    cr_assert(ended_well(play(take_from_agents)));
    cr_assert_gt(counts[INCIDENT_AGENT_FILE], 0, "reported");
}

static void take_from_oneself(void)
{
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    int copy = take(self, self);

    if (copy < 0 || fcntl(copy, F_GETFD) != FD_CLOEXEC) {
        _exit(1);
    }
    if (take(self, GUEST_FD) != -1 || errno != EBADF || take(GUEST_FD, 0) != -1 || errno != EBADF) {
        _exit(2);
    }
}

Test(agents, what_others_have_is_taken_as_ever)
{
    cr_assert(ended_well(play(take_from_oneself)));
    cr_assert_eq(counts[INCIDENT_AGENT_FILE], 0);
}

/* --- other code in place of the agent's ------------------------------------------------------- */

/* mmap() as a function: eax = 9; r10 = rcx; syscall; ret */
static const unsigned char code[] = {0xb8, 9, 0, 0, 0, 0x49, 0x89, 0xca, 0x0f, 0x05, 0xc3};

enum { INSTRUCTION = 8 };

typedef void *Mmap(void *, size_t, int, int, int, off_t);

static unsigned char replacement[2];

static void rewrite(void)
{
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

/* pidfd_getfd() as a function: nothing; eax = 438; syscall; ret */
static const unsigned char getfd_code[] = {0x90, 0xb8, 0xb6, 1, 0, 0, 0x0f, 0x05, 0xc3};

enum { GETFD_INSTRUCTION = 6, SYSCALL = 0x050f, NOTHING = 0x9090 };

static void *exchange_code(void *data)
{
    _Atomic uint16_t *instruction = data;

    for (;;) {
        *instruction = NOTHING;
        *instruction = SYSCALL;
    }
    return NULL;
}

/* Where the caller itself comes by other code, it does nothing. */
static void rewrite_errands(void)
{
    typedef int Getfd(int, int, int);
    pthread_t thread;
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    unsigned char *page =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    memcpy(page, getfd_code, sizeof getfd_code);
    pthread_create(&thread, NULL, exchange_code, page + GETFD_INSTRUCTION);
    for (gint64 end = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;
         g_get_monotonic_time() < end;) {
        (void)((Getfd *)(void *)page)(self, GUEST_FD, 0);
    }
}

Test(agents, a_process_that_gives_an_errand_other_code_is_killed)
{
    int how = play(rewrite_errands);

    cr_assert(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL, "%x", how);
    cr_assert_eq(counts[INCIDENT_OTHER_CODE], 1, "reported");
}

/* --- filters of the guest's own ---------------------------------------------------------------- */

/* A call that an agent makes when it is made, and what becomes of who makes it. */
static struct {
    int number;
    unsigned action;
} forbidden;

static void forbid_and_map(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)forbidden.number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, forbidden.action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {G_N_ELEMENTS(filter), filter};

    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
        _exit(99);
    }
    _exit(map() == MAP_FAILED ? errno : 0);
}

/* Returns how it ended: its exit status, or minus the signal that killed it. */
static int map_under(int number, unsigned action)
{
    forbidden.number = number;
    forbidden.action = action;
    const int how = play(forbid_and_map);

    for (unsigned kind = 0; kind < INCIDENT_KIND_COUNT; kind++) {
        cr_assert_eq(counts[kind], 0, "%d, %x: accused", number, action);
    }
    return WIFSIGNALED(how) ? -WTERMSIG(how) : WEXITSTATUS(how);
}

Test(agents, a_guest_whose_own_filter_kills_it_is_not_accused)
{
    cr_assert_eq(map_under(SYS_clone, SECCOMP_RET_KILL_PROCESS), -SIGSYS);
    cr_assert_eq(map_under(SYS_clone, SECCOMP_RET_KILL_THREAD), -SIGSYS);
    cr_assert_eq(map_under(SYS_clone, SECCOMP_RET_TRAP), -SIGSYS);
    cr_assert_eq(map_under(SYS_close_range, SECCOMP_RET_KILL_PROCESS), -SIGSYS);
}

Test(agents, a_guest_whose_own_filter_refuses_it_an_agent_goes_on)
{
    cr_assert_eq(map_under(SYS_clone, SECCOMP_RET_ERRNO | EPERM), EPERM);
    cr_assert_eq(map_under(SYS_close_range, SECCOMP_RET_KILL_THREAD), EPERM);
}

/* --- code that comes late ---------------------------------------------------------------------- */

enum { LATE_SECONDS = 3, BUSY_MS = 800, AGENT_STAYS_MS = 200, TRIES = 20 };

typedef struct {
    int faults;
    unsigned char *page;
    pid_t caller;
    atomic_bool kept;
} LateCode;

static bool is_borrowed(pid_t tid)
{
    g_autofree char *path = g_strdup_printf("/proc/self/task/%d/status", tid);
    g_autofree char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) && !strstr(text, "TracerPid:\t0\n");
}

/* The page of code goes again and again, until its loss keeps a borrowed thread waiting for some time. */
static void *bring_code_late(void *data)
{
    static unsigned char copy[PAGE] __attribute__((aligned(PAGE)));
    LateCode *late = data;
    struct pollfd ready = {.fd = late->faults, .events = POLLIN};
    struct uffdio_copy bring = {.dst = (uintptr_t)late->page, .src = (uintptr_t)copy, .len = PAGE};
    struct uffd_msg fault;
    bool borrowed = false;

    memcpy(copy, code, sizeof code);
    while (!borrowed) {
        madvise(late->page, PAGE, MADV_DONTNEED);
        if (poll(&ready, 1, 0) == 1 && read(late->faults, &fault, sizeof fault) > 0) {
            borrowed = is_borrowed(late->caller);
            g_usleep(borrowed ? LATE_SECONDS * G_TIME_SPAN_SECOND : 0);
            bring.copy = 0;
            atomic_store(&late->kept, borrowed);
            ioctl(late->faults, UFFDIO_COPY, &bring);
            g_usleep(borrowed ? 0 : 50); /* to get into the call */
        }
    }
    return NULL;
}

static void be_busy(void)
{
    while (clock() < (clock_t)BUSY_MS * (CLOCKS_PER_SEC / 1000)) {
        for (volatile unsigned i = 0; i < 1000000; i++) {
        }
    }
}

static void wait_for_code(void)
{
    LateCode late = {
        .faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC),
        .page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                     -1, 0),
        .caller = gettid(),
    };
    struct uffdio_api api = {.api = UFFD_API};
    struct uffdio_register range = {.range = {(uintptr_t)late.page, PAGE},
                                    .mode = UFFDIO_REGISTER_MODE_MISSING};
    pthread_t thread;

    be_busy();
    if (ioctl(late.faults, UFFDIO_API, &api) != 0 ||
        ioctl(late.faults, UFFDIO_REGISTER, &range) != 0 ||
        pthread_create(&thread, NULL, bring_code_late, &late) != 0) {
        _exit(3);
    }
    /* A thread is borrowed to make an agent, which is there for a while. */
    for (int i = 0; i < TRIES && !atomic_load(&late.kept); i++) {
        if (((Mmap *)(void *)late.page)(NULL, SIZE, PROT_READ, MAP_SHARED, GUEST_FD, 0) ==
            MAP_FAILED) {
            _exit(1);
        }
        g_usleep(2UL * AGENT_STAYS_MS * 1000);
    }
    _exit(atomic_load(&late.kept) ? 0 : 2);
}

Test(agents, a_busy_thread_that_is_kept_from_the_call_is_not_accused, .timeout = 60)
{
    int how = play(wait_for_code);

    cr_assert(ended_well(how), "%x", how);
    cr_assert_eq(counts[INCIDENT_ASTRAY], 0);
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

/* --- resting, again and again ------------------------------------------------------------------ */

enum {
    LOOKS_FOR_REST = 1000,
    LOOK_MICROSECONDS = 10 * 1000,
    LIE_SECONDS = 30,
    KERNELS_OWN_ERROR = 512 /* ERESTARTSYS */
};

/* The number of the system call that the only other thread is in; -2: there is none. */
static long call_of_agent(void)
{
    g_autoptr(GDir) tasks = g_dir_open("/proc/self/task", 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(tasks))) {
        g_autofree char *path = g_strdup_printf("/proc/self/task/%s/syscall", name);
        g_autofree char *text = NULL;
        if (g_ascii_strtoll(name, NULL, 10) != gettid() &&
            g_file_get_contents(path, &text, NULL, NULL)) {
            return (long)g_ascii_strtoll(text, NULL, 10);
        }
    }
    return -2;
}

/* It has just been at work: whether it comes to rest, in some seconds. */
static bool comes_to_rest(void)
{
    for (unsigned look = 0; look < LOOKS_FOR_REST; look++) {
        if (call_of_agent() == SYS_read) {
            return true;
        }
        usleep(LOOK_MICROSECONDS);
    }
    return false;
}

static void rest_twice(void)
{
    for (int time = 1; time <= 2; time++) {
        if (map() == MAP_FAILED || !comes_to_rest()) {
            _exit(time);
        }
    }
}

Test(agents, one_that_was_woken_rests_again)
{
    cr_assert(ended_well(play(rest_twice)));
}

/* --- a filter of the guest's own that lies about the agent's wait ------------------------------ */

static unsigned lie; /* what a filter says of its wait */

static void install_lie(void)
{
    struct sock_filter lies[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROT_NONE, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[3])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MAP_SHARED, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, lie),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = G_N_ELEMENTS(lies), .filter = lies};
    const unsigned flags = is_made_ahead ? SECCOMP_FILTER_FLAG_TSYNC : 0;

    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter) != 0) {
        _exit(8);
    }
}

/* It maps nothing then. Another process sees to it that it does not wait for ever. */
static void map_with_a_lie(void)
{
    const pid_t self = getpid();
    const pid_t watch = fork();

    if (watch == 0) {
        usleep(LIE_SECONDS * 1000000);
        kill(self, SIGKILL);
        _exit(0);
    }
    install_lie();
    const bool mapped = map() != MAP_FAILED;
    kill(watch, SIGKILL);
    _exit(mapped ? 1 : 0);
}

Test(agents, a_filter_that_lies_about_its_wait_ends_it)
{
    static const unsigned lies[] = {SECCOMP_RET_ERRNO, SECCOMP_RET_ERRNO | KERNELS_OWN_ERROR,
                                    SECCOMP_RET_TRAP};

    for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
        lie = lies[i];
        cr_expect(ended_well(play(map_with_a_lie)), "%x", lie);
    }
}

/* --- without stops ------------------------------------------------------------------------------ */

#ifndef SYS_mseal
#define SYS_mseal 462 /* absent from older headers; Linux 6.10 */
#endif

/* And says so. */
static bool kernel_seals(void)
{
    g_autofree char *maps = NULL;
    void *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return syscall(SYS_mseal, page, PAGE, 0) == 0 &&
           g_file_get_contents("/proc/self/smaps", &maps, NULL, NULL) && strstr(maps, " sl");
}

/* Code and order of the agent's, which works without stops; NULL: there are none. */
static unsigned char *sealed_pages(void)
{
    g_autofree char *maps = NULL;
    const char *line;

    if (!g_file_get_contents("/proc/self/maps", &maps, NULL, NULL) ||
        !(line = strstr(maps, "memfd:nvcuse-agent"))) {
        return NULL;
    }
    const char *before = g_strrstr_len(maps, line - maps, "\n");
    /* NOLINTNEXTLINE(performance-no-int-to-ptr) */
    return (unsigned char *)g_ascii_strtoull(before ? before + 1 : maps, NULL, 16);
}

static void assert_without_stops(void)
{
    if (!sealed_pages()) {
        _exit(50);
    }
}

static void map_without_stops(void)
{
    assert_without_stops();
    map_twice();
}

static void end_without_stops(void)
{
    assert_without_stops();
    map_once_and_end();
}

static void map_in_child(void)
{
    const pid_t child = fork();
    int how;

    if (child == 0) {
        _exit(sealed_pages() || map() == MAP_FAILED ? 1 : 0);
    }
    _exit(waitpid(child, &how, 0) == child && how == 0 ? 0 : 2);
}

static void skip_unless_sealed(void)
{
    if (!kernel_seals()) {
        cr_skip_test("the kernel has no mseal(), or does not show what is sealed");
    }
    is_made_ahead = true;
}

Test(agents, one_that_was_made_ahead_needs_no_stops, .timeout = 120)
{
    static const Scene scenes[] = {
        map_without_stops, map_after_a_while, map_in_threads, map_beyond,
        be_alone,          rest_and_be_alone, map_in_child,   rest_twice,
    };

    skip_unless_sealed();
    for (size_t i = 0; i < G_N_ELEMENTS(scenes); i++) {
        const int how = play(scenes[i]);
        cr_expect(ended_well(how), "scene %zu: %x", i, how);
        cr_expect_eq(counts[INCIDENT_OTHER_CODE] + counts[INCIDENT_ASTRAY], 0, "scene %zu", i);
    }
}

Test(agents, without_stops_memory_is_taken_back_as_well, .timeout = 60)
{
    static const Scene scenes[] = {map_and_execute, map_and_execute_in_thread,
                                   leave_memory_to_another};

    skip_unless_sealed();
    for (size_t i = 0; i < G_N_ELEMENTS(scenes); i++) {
        cr_expect(ended_well(play(scenes[i])), "scene %zu", i);
        assert_taken_back_before("true");
    }
    cr_expect(ended_well(play(end_without_stops)));
    cr_expect_eq(lending.taken_back, lending.number);
}

Test(agents, without_stops_a_guest_that_is_killed_keeps_nobody_waiting)
{
    skip_unless_sealed();
    const int how = play(be_killed);

    cr_assert(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
    cr_assert_eq(counts[INCIDENT_OTHER_CODE], 0);
}

Test(agents, without_stops_parameters_are_those_that_were_checked)
{
    skip_unless_sealed();
    for (PageFate fate = PAGE_STAYS; fate <= PAGE_IS_REPLACED; fate++) {
        const bool is_kept = fate != PAGE_IS_WRITTEN_TO; /* nobody can put another in its place */
        const int how = spoilt(fate);
        cr_expect_eq(ended_well(how), is_kept, "fate %d: %x", fate, how);
        cr_expect_eq(ioctl_error == ENOTTY, is_kept, "fate %d", fate);
        cr_expect_eq(counts[INCIDENT_OTHER_CODE], is_kept ? 0 : 1, "fate %d: reported", fate);
    }
}

/* Every way to have other bytes there; all must fail, or change nothing. */
static void change_pages(void)
{
    unsigned char *pages = sealed_pages();
    unsigned char before[2 * PAGE];
    int memory = open("/proc/self/mem", O_RDWR);

    if (!pages || memory < 0) {
        _exit(50);
    }
    memcpy(before, pages, sizeof before);
    for (size_t i = 0; i < 3; i++) {
        unsigned char *page = pages + i * PAGE;
        void *room = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (munmap(page, PAGE) == 0 || mprotect(page, PAGE, PROT_NONE) == 0 ||
            mmap(page, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
                MAP_FAILED ||
            mremap(page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room) != MAP_FAILED ||
            mremap(room, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page) != MAP_FAILED) {
            _exit(51);
        }
        if (i < 2 && (pwrite(memory, "\xcc", 1, (off_t)(uintptr_t)page) == 1 ||
                      madvise(page, PAGE, MADV_REMOVE) == 0)) {
            _exit(52);
        }
        (void)madvise(page, PAGE, MADV_DONTNEED);
        (void)syscall(SYS_remap_file_pages, page, PAGE, 0, 1, 0);
    }
    if (memcmp(before, pages, sizeof before) != 0) {
        _exit(53);
    }
    map_twice();
}

Test(agents, nobody_writes_over_the_code_of_one_without_stops)
{
    skip_unless_sealed();
    const int how = play(change_pages);

    cr_assert(ended_well(how), "%x", how);
}

/* exit_group(66), which would tell that the agent ran it. */
static const unsigned char end_code[] = {0xb8, 231, 0, 0, 0, 0xbf, 66, 0, 0, 0, 0x0f, 0x05};

/* From the moment on at which they are there: the one before they are sealed is what it is after. */
static void *replace_pages(void *data)
{
    for (;;) {
        unsigned char *page = sealed_pages();
        if (page && mmap(page, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
            memcpy(page, end_code, sizeof end_code);
            return data;
        }
    }
}

static void open_beside_replacer(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, replace_pages, NULL);
    close(open("/dev/null", O_RDWR));
    close(open("/dev/null", O_RDWR));
    _exit(map() == MAP_FAILED ? 3 : 0);
}

Test(agents, pages_that_a_guest_replaces_before_they_are_sealed_are_not_run, .timeout = 120)
{
    skip_unless_sealed();
    is_made_ahead = false; /* the scene opens, once its thread is there */
    for (unsigned i = 0; i < ROUNDS; i++) {
        const int how = play(open_beside_replacer);
        cr_expect(ended_well(how) || WIFSIGNALED(how), "%x", how);
    }
}

Test(agents, without_stops_a_filter_that_lies_about_the_wait_ends_it, .timeout = 120)
{
    static const unsigned lies[] = {SECCOMP_RET_ERRNO, SECCOMP_RET_ERRNO | EAGAIN,
                                    SECCOMP_RET_ERRNO | KERNELS_OWN_ERROR, SECCOMP_RET_TRAP};

    skip_unless_sealed();
    for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
        lie = lies[i];
        cr_expect(ended_well(play(map_with_a_lie)), "%x", lie);
    }
}

/* --- what a page of ours is known by ---------------------------------------------------------- */

/* A segment's number is the one that its maker asks for. -1: this machine does not let it be asked for. */
static int make_segment(ino_t number)
{
    g_autofree char *text = g_strdup_printf("%lu", (unsigned long)number);
    int next = open("/proc/sys/kernel/shm_next_id", O_WRONLY);
    ssize_t length = next < 0 ? -1 : write(next, text, strlen(text));

    close(next);
    return length > 0 ? shmget(IPC_PRIVATE, PAGE, IPC_CREAT | S_IRUSR | S_IWUSR) : -1;
}

Test(agents, a_segment_with_the_number_of_a_page_of_ours_is_none)
{
    g_auto(AgentParams) params = {.fd = agent_page_new(), .size = 8};
    struct stat page;

    cr_assert_eq(fstat(params.fd, &page), 0);
    const int segment = make_segment(page.st_ino);
    void *at = segment < 0 ? MAP_FAILED : shmat(segment, NULL, 0);
    shmctl(segment, IPC_RMID, NULL);
    if ((ino_t)segment != page.st_ino || at == MAP_FAILED) {
        cr_skip_test("no segment's number can be chosen here");
    }
    cr_assert_not(agent_params_are_there(&params, getpid(), (uintptr_t)at));
    void *ours = mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, params.fd, 0);
    cr_assert_eq(ours, at);
    cr_assert(agent_params_are_there(&params, getpid(), (uintptr_t)at));
    cr_assert_not(agent_page_is_sealed(params.fd, getpid(), (uintptr_t)at, (uintptr_t)at + PAGE));
}

/* --- a filter that lies about the seal ---------------------------------------------------------- */

/* For all threads, as soon as the agent is there. */
static void *lie_about_seal(void *data)
{
    struct sock_filter lies[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mseal, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = G_N_ELEMENTS(lies), .filter = lies};

    while (count_threads() < 3) {
    }
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) != 0) {
        _exit(8);
    }
    return data;
}

static void replace_unsealed_pages(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, lie_about_seal, NULL);
    close(open("/dev/null", O_RDWR));
    pthread_join(thread, NULL);
    close(open("/dev/null", O_RDWR));
    unsigned char *page = sealed_pages();
    if (page && mmap(page, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
        memcpy(page, end_code, sizeof end_code);
    }
    (void)map();
    _exit(0);
}

Test(agents, pages_of_which_a_filter_says_that_they_are_sealed_are_not_run, .timeout = 60)
{
    skip_unless_sealed();
    is_made_ahead = false;
    for (unsigned i = 0; i < 10; i++) {
        const int how = play(replace_unsealed_pages);
        cr_expect(ended_well(how), "%x", how);
    }
}

/* --- stopped and let on, again and again --------------------------------------------------------- */

/* With stops, a wait that is interrupted a thousand times in a row is given up (tracee_is_to_repeat()). */
enum { STORM_SECONDS = 2, STORM_STEP_US = 300, STORM_STEP_WITH_STOPS_US = 2000 };

static G_NORETURN void stop_and_go(pid_t process)
{
    const useconds_t step = is_made_ahead ? STORM_STEP_US : STORM_STEP_WITH_STOPS_US;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        kill(process, SIGSTOP);
        usleep(step);
        kill(process, SIGCONT);
        usleep(2 * step);
    }
}

/* What was returned is mapped, and shows the host's file. */
static bool is_mapped(volatile unsigned *at)
{
    static unsigned counter;

    at[0] = ++counter;
    return at[0] == counter && munmap((void *)at, SIZE) == 0;
}

static void map_in_storm(void)
{
    const pid_t self = getpid();
    const pid_t storm = fork();
    const gint64 end = g_get_monotonic_time() + STORM_SECONDS * G_TIME_SPAN_SECOND;

    if (storm == 0) {
        stop_and_go(self);
    }
    while (g_get_monotonic_time() < end) {
        volatile unsigned *mapped = map();
        if (mapped == MAP_FAILED && errno != EINTR) {
            _exit(errno);
        } else if (mapped != MAP_FAILED && (!mapped || !is_mapped(mapped))) {
            _exit(255);
        }
    }
    kill(storm, SIGKILL);
    kill(self, SIGCONT);
}

Test(agents, one_that_is_interrupted_does_what_it_was_asked, .timeout = 60)
{
    is_interruptible = true;
    for (int ahead = 0; ahead <= (kernel_seals() ? 1 : 0); ahead++) {
        is_made_ahead = ahead;
        const int how = play(map_in_storm);
        cr_expect(ended_well(how), "ahead %d: %x", ahead, how);
        cr_expect_eq(counts[INCIDENT_OTHER_CODE], 0, "ahead %d", ahead);
    }
}

/* --- an order for which there could be no file --------------------------------------------------- */

enum { FEW_FILES = 2 };

/* How often the host's file is mapped. @maps: the list of mappings, open */
static unsigned count_host_mappings(int maps)
{
    static char text[64 * 1024];
    size_t length = 0;
    ssize_t n;
    unsigned found = 0;

    (void)lseek(maps, 0, SEEK_SET);
    while ((n = read(maps, text + length, sizeof text - 1 - length)) > 0) {
        length += (size_t)n;
    }
    text[length] = '\0';
    for (const char *at = text; (at = strstr(at, "memfd:host")); at++) {
        found++;
    }
    return found;
}

/* The wait that comes with the order is interrupted, and ended by a filter once it begins again. */
static void have_wait_ended_by_filter(void)
{
    const pid_t self = getpid();
    const pid_t child = fork();

    if (child == 0) {
        kill(self, SIGSTOP);
        usleep(50000);
        kill(self, SIGCONT);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    usleep(100000);
}

static void be_refused_a_mapping(void)
{
    const struct rlimit few = {FEW_FILES, FEW_FILES};
    const int maps = open("/proc/self/maps", O_RDONLY);

    if (map() == MAP_FAILED || setrlimit(RLIMIT_NOFILE, &few) != 0 || map() != MAP_FAILED ||
        errno != EMFILE || count_host_mappings(maps) != 1) {
        _exit(1);
    }
    install_lie();
    have_wait_ended_by_filter();
    _exit(count_host_mappings(maps) == 1 ? 0 : 2);
}

Test(agents, an_order_for_which_there_was_no_file_is_not_carried_out_later, .timeout = 60)
{
    skip_unless_sealed();
    is_interruptible = true;
    lie = SECCOMP_RET_TRAP;
    const int how = play(be_refused_a_mapping);
    cr_expect(ended_well(how), "%x", how);
}
