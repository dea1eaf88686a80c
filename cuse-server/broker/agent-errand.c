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
 * the errand got, the broker puts into the caller's table, as the result of its call.
 *
 * An agent that is born between the look and the call finds that it was looked at, and the file is dropped.
 *
 * Source: kernel/pid.c (pidfd_getfd), kernel/ptrace.c (__ptrace_may_access), fs/pidfs.c.
 */
#include <errno.h>
#include <sys/syscall.h>

#include "cuse-server/broker/agent.h"
#include "cuse-server/broker/guest-thread.h"
#include "cuse-server/transport/close-if-open.h"

/* #syscalls:broker close */

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

/* The errand is about to look into the table of a thread. False: that is an agent, or another errand. */
static bool aim(Agent *errand, pid_t target)
{
    const Agents *agents = errand->agents;
    const pid_t tracer = guest_thread_tracer(target);

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

/* The errand's own thread calls; nobody knows its table but us. */
static TraceeResult call(Agent *agent, int64_t *value, int *file)
{
    const __u64 *args = agent->starter.data.args;
    TraceeCall getfd = {.number = SYS_pidfd_getfd, .args = {args[0], args[1], 0}};
    TraceeResult result = tracee_do(&agent->tracee, &getfd);

    *value = getfd.result;
    if (result == TRACEE_OK && getfd.result >= 0) {
        *file = guest_thread_dup(agent->agents->members, agent->tracee.tid, (int)getfd.result);
        *value = *file < 0 ? -errno : 0;
    }
    if (is_spoilt(agent)) {
        close_if_open(*file);
        *file = -1;
        *value = refuse(agent);
    }
    return result;
}

/* Have it called, unless it is an agent whose table this pidfd opens: that one's is empty, as far as guests
 * are concerned. */
static TraceeResult fetch(Agent *agent, int64_t *value, int *file)
{
    const int pidfd = (int)agent->starter.data.args[ARG_PIDFD];
    pid_t target = guest_thread_pidfd_target(agent->tracee.tid, pidfd);
    TraceeResult result = TRACEE_OK;

    *value = target < 0 ? -ESRCH : -EBADF;
    if (target > 0 && aim(agent, target)) {
        result = call(agent, value, file);
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

/* The errand is here: have it fetch the file, and go. */
static TraceeResult do_errand(Agent *agent, int64_t *value, int *file)
{
    TraceeResult result;

    if (!tracee_init(&agent->tracee, agent->tracee.tid)) {
        return TRACEE_ENDED;
    }
    agent_born(agent);
    result = fetch(agent, value, file);
    if (result == TRACEE_OK) {
        result = tracee_exit(&agent->tracee);
        return result == TRACEE_ENDED ? TRACEE_OK : result; /* it has gone, as it was to */
    }
    return result;
}

/* Make it with the help of the caller. TRACEE_ENDED: the caller is being killed. */
static TraceeResult go(Agent *agent, int64_t *value, int *file)
{
    pid_t tid = 0;
    TraceeResult result = tracee_clone(&agent->borrowed, AGENT_CLONE_FLAGS, &tid);

    *value = tid;
    if (tid <= 0) {
        return result;
    }
    agent->tracee.tid = tid;
    if (result == TRACEE_OK) {
        result = do_errand(agent, value, file);
    }
    if (result != TRACEE_OK) {
        abandon(agent, tid, result);
        *value = -ESRCH; /* if it alone has ended: a filter of the guest's own can kill a thread */
    }
    agent_forget(agent);
    return result == TRACEE_TAMPERED ? TRACEE_ENDED : TRACEE_OK;
}

/* The caller itself waits where an agent waits for a file, and is given this one. */
static TraceeResult deliver(Agent *agent, int file, int64_t *value)
{
    TraceeResult result;

    if (!tracee_init(&agent->tracee, agent->borrowed.tid)) {
        return TRACEE_ENDED;
    }
    agent_born(agent);
    result = agent_take_file(agent, file, value);
    agent_forget(agent);
    return result;
}

/* The caller is in our hands. Signals that come to it meanwhile wait, and find its call done. */
static void run(Agent *agent)
{
    struct user_regs_struct regs = agent->borrowed.regs;
    uint64_t blocked;
    int64_t value = 0;
    int file = -1;
    TraceeResult result;

    tracee_block_signals(agent->borrowed.tid, &blocked);
    result = go(agent, &value, &file);
    if (result == TRACEE_OK && file >= 0) {
        result = deliver(agent, file, &value);
    }
    if (result == TRACEE_OK) {
        regs.rax = (unsigned long long)value;
        regs.rip += SYSCALL_INSTRUCTION_BYTES;
        regs.orig_rax = (unsigned long long)-1; /* nothing for the kernel to restart */
        tracee_detach(agent->borrowed.tid, &regs, blocked);
    } else {
        abandon(agent, agent->borrowed.tid, result);
    }
    close_if_open(file);
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
