/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "cuse-server/broker/agents/agents.h"
#include "cuse-server/broker/guests/notification.h"
#include "cuse-server/broker/identity/guest-thread.h"
#include "cuse-server/container/guest-filter.h"
#include "cuse-server/wire/seqpacket.h"
#include "tests/unit/broker/agents/agent-play.h"

static int host_file;
static Agents *agents;
static GuestMembers *members;
bool strangers;
static Incidents *incidents;
uint64_t counts[INCIDENT_KIND_COUNT];
static int listener;
bool is_container_without_filters;
bool is_interruptible;
bool is_made_ahead;
Spoiler *spoiler;
uint8_t written[8];
int64_t reading_time;
int64_t notified_time;
_Atomic int ioctl_error;
AgentLending lending;

/* --- the guest -------------------------------------------------------------------------------- */

volatile unsigned *map(void)
{
    return mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, GUEST_FD, 0);
}

/* Install a filter like that of a runtime that does not know SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV. */
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

/*
 * Be the guest's parent and report how the guest ended: a process that traces its own child would see the child's stops in
 * every waitpid().
 */
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

/* A thread makes the call, because the guest's own ioctl() waits for the agent's, and the reader has to serve the agent. */
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

/* Whether this is the agent's own call, which waits for the broker's permission. */
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
    usleep(50000); /* enough to become another program, without waiting for this function */
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

/* In a thread of its own, because a thread that waits for the agent's end cannot serve the agent. */
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

/* In a thread of its own, because it waits until an agent has been created. */
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
        if (is_interruptible) { /* so that the call may already be over */
            usleep((useconds_t)g_random_int_range(0, SLOW_READER_US));
        }
        if (!notify(&notif)) {
            answer(&notif);
        }
    }
    return NULL;
}

/* Play a scene in a guest; returns how it ended, as waitpid() says. */
int play(Scene scene)
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

bool ended_well(int how)
{
    return WIFEXITED(how) && WEXITSTATUS(how) == 0;
}
