/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation.
 *
 * pidfd_getfd() takes a file out of another thread's descriptor table, and an agent's must not be had so. There
 * are many ways to a descriptor of a thread (pidfds of threads, file handles of pidfds), and a guest can put one
 * in another's place after it was looked at; the act itself is one system call. So a guest does not carry that
 * out on its own table. The broker has it done by an errand: a thread that is made, as an agent is, with the help
 * of the guest's thread that calls, and lives for this one call. It has a copy of the caller's table, which nobody
 * can write to; the pidfd in it is looked at, and if it is not of an agent, the errand makes the call: the kernel
 * looks whether this caller may, with all it goes by (users, capabilities, namespaces, security modules). What
 * the errand got becomes the caller's: through the broker's hands, or, if the broker could be held up by a file of
 * that kind, in a message from one to the other (broker/agents/agent-delivery.h).
 *
 * An agent that is born between the look and the call finds that it was looked at, and the file is dropped.
 *
 * Source: kernel/pid.c (pidfd_getfd), kernel/ptrace.c (__ptrace_may_access), fs/pidfs.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/agents/agent-delivery.h"
#include "cuse-server/broker/agents/agent.h"
#include "cuse-server/broker/files/stand-ins.h"
#include "cuse-server/broker/identity/guest-thread.h"

/* #syscalls:broker close getpid name_to_handle_at */

/* Linux 6.5. */
#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID 0x200
#endif

enum { FILEID_INO32_GEN = 1 };

/* pidfd_getfd(pidfd, number, flags) */
enum { ARG_PIDFD };

void errands_spoil(const Agents *agents, pid_t tid)
{
    GHashTableIter iter;
    gpointer other;

    g_hash_table_iter_init(&iter, agents->all);
    while (g_hash_table_iter_next(&iter, &other, NULL)) {
        Agent *errand = other;
        errand->spoilt = errand->spoilt || errand->target == tid;
    }
}

/* With the lock held: whether a thread that @tracer holds, if anybody does, is one of ours in a guest: it is so from
 * its very beginning, before it is known by its number. The guest's own threads that are borrowed are held too. */
static bool is_held(const Agents *agents, pid_t tid, pid_t tracer)
{
    GHashTableIter iter;
    gpointer key;

    g_hash_table_iter_init(&iter, agents->all);
    while (tracer != 0 && g_hash_table_iter_next(&iter, &key, NULL)) {
        const Agent *agent = key;
        if (agent->tracer == tracer) {
            return (pid_t)agent->starter.pid != tid;
        }
    }
    return false;
}

/* Is it ours, or held from outside of the container, as other instances' agents are? */
static bool is_out_of_bounds(const Agent *errand, pid_t target, pid_t tracer)
{
    GuestMembers *members = errand->agents->members;

    return guest_thread_group(target) == getpid() ||
           (tracer != 0 && !guest_members_have(members, tracer) &&
            guest_thread_group(tracer) != getpid());
}

/* The errand is about to look into the table of a thread. False: that is an agent, of whichever instance, or another
 * errand, or the broker itself. */
static bool aim(Agent *errand, pid_t target)
{
    const Agents *agents = errand->agents;
    const pid_t tracer = guest_thread_tracer(target);

    if (is_out_of_bounds(errand, target, tracer)) {
        return false;
    }
    agent_lock(errand);
    const Agent *known = g_hash_table_lookup(agents->by_tid, GINT_TO_POINTER(target));
    bool is_free = known ? known->borrowed.tid == target : !is_held(agents, target, tracer);
    errand->target = target;
    errand->spoilt = !is_free;
    agent_unlock(errand);
    return is_free;
}

/* Whether the thread became an agent after that: what was taken is not to be given away. */
static bool is_spoilt(Agent *errand)
{
    agent_lock(errand);
    bool spoilt = errand->spoilt;
    agent_unlock(errand);
    return spoilt;
}

/* Nobody stumbles upon an agent. */
static int64_t refuse(const Agent *agent)
{
    agents_report(agent->agents, agent->group, INCIDENT_AGENT_FILE);
    return -EBADF;
}

/* The errand's own thread calls; nobody knows its table but us. @value: the file's number there, or minus an errno */
static TraceeResult call(Agent *agent, int64_t *value)
{
    const __u64 *args = agent->starter.data.args;
    TraceeCall getfd = {.number = SYS_pidfd_getfd, .args = {args[0], args[1], 0}};
    TraceeResult result = tracee_do(&agent->tracee, &getfd);

    *value = getfd.result;
    if (is_spoilt(agent)) {
        *value = refuse(agent);
    }
    return result;
}

/* Have it called, unless it is an agent whose table this pidfd opens: that one's is empty, as far as guests
 * are concerned. */
static TraceeResult fetch(Agent *agent, int64_t *value)
{
    const int pidfd = (int)agent->starter.data.args[ARG_PIDFD];
    pid_t target = guest_thread_pidfd_target(agent->tracee.tid, pidfd);
    TraceeResult result = TRACEE_OK;

    *value = target < 0 ? -ESRCH : -EBADF;
    if (target > 0 && aim(agent, target)) {
        result = call(agent, value);
    } else if (target > 0) {
        *value = refuse(agent);
    }
    return result;
}

/* A thread that did not come to its end as it was to: see it off. One that would go on with the guest's code is killed
 * first. */
static void abandon(const Agent *agent, pid_t tid, TraceeResult result)
{
    if (result == TRACEE_TAMPERED) {
        agent_punish(agent);
    }
    tracee_reap(tid);
}

/* --- what is fetched ---------------------------------------------------------------------------- */

/*
 * Trip: what both threads' steps need.
 * @tid: the errand's thread
 * @value: what the caller's call is to return: a file's number, in whichever table a step has it, or minus an errno
 * @file: what it fetched, if the broker has it; or -1
 * @by_message: it goes in a message; otherwise by the broker's hands, if the broker may take it: @needs_message: it may not
 */
typedef struct {
    pid_t tid;
    int64_t value;
    int file;
    bool by_message;
    bool needs_message;
    AgentDelivery delivery;
} Trip;

typedef TraceeResult (*Step)(Agent *agent, Trip *trip);

/* Have one of the two threads, which stands still after a call, carry out a step. */
static TraceeResult step_of(Agent *agent, pid_t tid, Step step, Trip *trip)
{
    TraceeResult result;

    if (!tracee_init(&agent->tracee, tid)) {
        return TRACEE_ENDED;
    }
    agent_born(agent);
    result = step(agent, trip);
    agent_forget(agent);
    return result;
}

static TraceeResult fetch_step(Agent *agent, Trip *trip)
{
    return fetch(agent, &trip->value);
}

static TraceeResult take_step(Agent *agent, Trip *trip)
{
    return agent_take_file(agent, trip->file, &trip->value);
}

static TraceeResult prepare_step(Agent *agent, Trip *trip)
{
    return agent_delivery_prepare(agent, &trip->delivery, &trip->value);
}

static TraceeResult send_step(Agent *agent, Trip *trip)
{
    return agent_delivery_send(agent, &trip->delivery, &trip->value);
}

static TraceeResult receive_step(Agent *agent, Trip *trip)
{
    return agent_delivery_receive(agent, &trip->delivery, &trip->value);
}

/* The errand has done what it was made for, and goes. */
static TraceeResult exit_step(Agent *agent, Trip *trip)
{
    TraceeResult result = tracee_exit(&agent->tracee);

    (void)trip;
    return result == TRACEE_ENDED ? TRACEE_OK : result;
}

/* --- how it gets to the caller ------------------------------------------------------------------ */

/* Is it in a file system that has inode numbers and generations of 32 bits: tmpfs (memfds) and the like? FUSE and overlays
 * of it have other handles. Nobody is asked: the kernel makes them up. Source: include/linux/exportfs.h. */
static bool is_local(int file)
{
    union {
        struct file_handle head;
        uint8_t room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } handle = {.head.handle_bytes = MAX_HANDLE_SZ};
    int mount;

    return name_to_handle_at(file, "", &handle.head, &mount, AT_EMPTY_PATH | AT_HANDLE_FID) == 0 &&
           handle.head.handle_type == FILEID_INO32_GEN;
}

/* May the broker have it in its own table? Of these kinds no file waits for a guest when it is closed, as long as it is
 * open elsewhere, and the errand has it still. Nobody can put another file under the number meanwhile. */
static bool broker_may_take(pid_t tid, int number)
{
    g_autofree char *directory = g_strdup_printf("/proc/%d", tid);
    int file = guest_thread_file(directory, number);
    struct stat st;
    bool may = file >= 0 && stand_ins_stat(file, &st) &&
               ((!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) || is_local(file));

    close_if_open(file);
    return may;
}

/* By the broker, so that the guest makes no call of which a filter of its own may know nothing. */
static TraceeResult deliver_by_hand(Agent *agent, Trip *trip)
{
    TraceeResult result = TRACEE_OK;

    trip->file = guest_thread_take(trip->tid, (int)trip->value);
    trip->value = trip->file < 0 ? -errno : 0;
    if (trip->file >= 0) {
        result = step_of(agent, agent->borrowed.tid, take_step, trip);
        close(trip->file);
    }
    return result;
}

static TraceeResult deliver(Agent *agent, Trip *trip)
{
    if (trip->by_message) {
        return step_of(agent, trip->tid, send_step, trip);
    }
    if (broker_may_take(trip->tid, (int)trip->value)) {
        return deliver_by_hand(agent, trip);
    }
    trip->needs_message = true;
    return TRACEE_OK;
}

/* The errand is here: have it fetch the file, and what it got delivered; and send it off. */
static TraceeResult do_errand(Agent *agent, Trip *trip)
{
    TraceeResult result = step_of(agent, trip->tid, fetch_step, trip);

    if (result == TRACEE_OK && trip->value >= 0) {
        result = deliver(agent, trip);
    }
    return result == TRACEE_OK ? step_of(agent, trip->tid, exit_step, trip) : result;
}

/* Make it with the help of the caller. TRACEE_ENDED: the caller is being killed. */
static TraceeResult go(Agent *agent, Trip *trip)
{
    TraceeResult result = tracee_clone(&agent->borrowed, AGENT_CLONE_FLAGS, &trip->tid);

    trip->value = trip->tid;
    if (trip->tid <= 0) {
        return result;
    }
    if (result == TRACEE_OK) {
        result = do_errand(agent, trip);
    }
    if (result != TRACEE_OK) {
        abandon(agent, trip->tid, result);
        /* If it alone has ended: a filter of the guest's own can kill a thread. */
        trip->value = -ESRCH;
    }
    return result == TRACEE_TAMPERED ? TRACEE_ENDED : TRACEE_OK;
}

/* Once more, with a second errand, that has the sockets. */
static TraceeResult go_with_message(Agent *agent, Trip *trip)
{
    const pid_t caller = agent->borrowed.tid;
    TraceeResult result = TRACEE_OK;

    trip->by_message = true;
    trip->value = -agent_delivery_init(&trip->delivery);
    if (trip->value == 0) {
        result = step_of(agent, caller, prepare_step, trip);
        if (result == TRACEE_OK && trip->value == 0) {
            result = go(agent, trip);
        }
        if (result == TRACEE_OK) {
            result = step_of(agent, caller, receive_step, trip);
        }
    }
    agent_delivery_clear(&trip->delivery);
    return result;
}

/* The caller is in our hands. Signals that come to it meanwhile wait, and find its call done. */
static void run(Agent *agent)
{
    struct user_regs_struct regs = agent->borrowed.regs;
    Trip trip = {.file = -1};
    uint64_t blocked;
    TraceeResult result;

    tracee_block_signals(agent->borrowed.tid, &blocked);
    result = go(agent, &trip);
    if (result == TRACEE_OK && trip.needs_message) {
        result = go_with_message(agent, &trip);
    }
    if (result == TRACEE_OK) {
        regs.rax = (unsigned long long)trip.value;
        regs.rip += SYSCALL_INSTRUCTION_BYTES;
        regs.orig_rax = (unsigned long long)-1; /* nothing for the kernel to restart */
        (void)tracee_detach(agent->borrowed.tid, &regs, blocked);
    } else {
        abandon(agent, agent->borrowed.tid, result);
    }
}

gpointer agent_errand_main(gpointer data)
{
    Agent *agent = data;
    int error = 0;

    agent_set_out(agent);
    if (agent_borrow(agent, &error)) {
        run(agent);
    }
    agent_ended(agent, error);
    return NULL;
}
