/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation.
 *
 * CUSE cannot map memory, and some calls of the driver act on the address space of whoever calls. An
 * agent does both for a guest: a thread in the guest's process, with the guest's address space, but a
 * descriptor table of its own, empty but for the file of the call in progress and a page of parameters,
 * no capabilities, and all signals blocked. It never runs the guest's code: it goes from one system call
 * to the next under ptrace, and each is checked before it begins (tracee.h), or it runs code of ours that nobody can change
 * (agent-loop.h). It is made with the help of
 * the guest's thread that first opens a device, or needs it, serves all threads of the process, and dies with its
 * process, with exec(), and with us (PTRACE_O_EXITKILL). It goes before that when the process makes a call that only
 * a process of one thread may make, or when a debugger attaches to it (agents_dismiss()).
 *
 * Who acts: each agent has a thread of ours, its tracer, which alone may trace it and does nothing else
 * (agent-thread.c). Threads that answer a listener bring jobs; the reader among them sees the agent's own
 * notifications; the keeper looks at the time. They meet here, under one lock.
 *
 *     state     what the agent does, and may do                       who moves it on, to what
 *     STARTING  is being made: gives up files and capabilities        tracer: PARKING, ENDED
 *     PARKING   is on its way into the call in which it waits         reader, with the notification: PARKED
 *     PARKED    waits in the kernel for the notification's answer     whoever has a job, by giving it the
 *                                                                     file: BUSY; keeper: RESTING, LEAVING;
 *                                                                     reader, with the notification of a wait that
 *                                                                     was interrupted and begun again: PARKED
 *     RESTING   waits in the kernel where it can be stopped and       whoever has a job, by ringing: the tracer:
 *               frozen with its process: for its bell, an eventfd     PARKING; without stops: reader: PARKED
 *     BUSY      has the job's file, and makes the calls of the job    tracer: PARKING; without stops: reader,
 *                                                                     with the notification: PARKED
 *     LEAVING   ends; may only call exit()                            tracer: ENDED
 *     ENDED     is gone                                               -
 *
 * From every state it can end by force. A job whose agent is gone is begun again with a new one; if the
 * guest is gone as well, nobody waits for the answer. A process whose agent does not do what it was made
 * to do is killed: its other threads wrote over the code that it was using.
 *
 * The wait in PARKED is a system call that the filter asks us about, and the answer is the file: so one
 * message brings the job and ends the wait, and the tracer waits for nothing but its agent, at all times.
 * An errand (agent-errand.c) is made like an agent, for one call of one thread, and is not found by its process.
 *
 * Nothing stops or freezes a thread in PARKED, so an agent that has had nothing to do for a moment goes to rest: it reads
 * from its bell, to an address at which there is nothing, so that it needs no memory of the guest's, and is told EFAULT
 * when it is rung.
 *
 * As long as a process has an agent, the broker is told of the process's end, and of exec(), before they come about: memory
 * can be lent (caller-memory.h).
 *
 * What it maps it maps with AGENT_MAP_MARK, so that the filter does not ask us about that too, unless the
 * guest's flags are of the sort whose unknown bits the kernel refuses.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/agents/agent-loop.h"
#include "cuse-server/broker/agents/agent-params.h"
#include "cuse-server/broker/agents/agent.h"
#include "cuse-server/broker/guests/notification.h"
#include "cuse-server/broker/identity/guest-thread.h"

/*
 * #syscalls:broker clone kill close fcntl gettid memfd_create write pwrite64 eventfd2 newfstatat stat clock_nanosleep
 */

enum {
    LINGER_MS = 200, /* an agent waits for its process's next call before it rests */
    TICK_MS = 100,   /* how often the keeper looks */
    MAKE_MS = 200,   /* an open waits for the agent that is made for its process */
    KEPT_MAX = 256,  /* more agents than that are not kept */
    PREPARED_MAX = 4096,
    GONE_LOOKS = 100, /* for an agent's thread to be gone */
    GONE_MICROSECONDS = 500,
    ERRANDS_MAX = 64,   /* at a time */
    ASTRAY_SECONDS = 2, /* in user mode, where it has one instruction to execute */
    ASTRAY_TICKS = 50,  /* of which it was running: it might be kept from that */
    BIRTH_SECONDS = 5,  /* for one that is being made */
    STOP_SECONDS = 5,   /* for agents that are busy when the instance ends */
    KILL_SECONDS = 10,  /* for those that were killed then */
};

enum { ARG_PARAMS = 2 };     /* of ioctl(fd, command, params) */
enum { ARG_MAP_LENGTH = 1 }; /* of mmap(address, length, ...) */

/* --- agents ----------------------------------------------------------------------------------- */

static void agent_unref(Agent *agent)
{
    if (g_atomic_ref_count_dec(&agent->refs)) {
        close(agent->listener);
        close(agent->bell);
        agent_loop_free(agent->loop);
        g_free(agent);
    }
}

static Agent *agent_ref(Agent *agent)
{
    g_atomic_ref_count_inc(&agent->refs);
    return agent;
}

void agent_lock(Agent *agent)
{
    g_mutex_lock(&agent->agents->lock);
}

void agent_unlock(Agent *agent)
{
    g_mutex_unlock(&agent->agents->lock);
}

bool agent_is_guest(const Agent *agent)
{
    return guest_members_have(agent->agents->members, (pid_t)agent->starter.pid);
}

int agent_no_caps(const Agent *agent)
{
    return agent->agents->no_caps;
}

void agents_report(Agents *agents, pid_t group, IncidentKind kind)
{
    incidents_report(agents->incidents, kind, group);
}

/* Whoever sits before the guest's terminal sees its end, and not what is reported. */
void agent_trouble(const Agent *agent, IncidentKind kind)
{
    g_printerr("nvcuse: process %d %s\n", agent->group, incident_explanation(kind));
    agents_report(agent->agents, agent->group, kind);
}

/* With the lock held. */
static unsigned count(const Agents *agents)
{
    return g_hash_table_size(agents->all);
}

void agent_born(Agent *agent)
{
    agent_lock(agent);
    g_hash_table_insert(agent->agents->by_tid, GINT_TO_POINTER(agent->tracee.tid), agent);
    if (!agent->errand) {
        errands_spoil(agent->agents, agent->tracee.tid);
    }
    agent_unlock(agent);
}

/* With the lock held. */
static void forget(const Agent *agent)
{
    GHashTable *by_tid = agent->agents->by_tid;

    if (g_hash_table_lookup(by_tid, GINT_TO_POINTER(agent->tracee.tid)) == agent) {
        g_hash_table_remove(by_tid, GINT_TO_POINTER(agent->tracee.tid));
    }
}

void agent_forget(Agent *agent)
{
    agent_lock(agent);
    forget(agent);
    agent_unlock(agent);
}

void agent_set_state(Agent *agent, AgentState state)
{
    if (agent->state == AGENT_STARTING || agent->state == AGENT_RESTING) {
        g_cond_broadcast(&agent->agents->changed);
    }
    agent->state = state;
}

void agent_set_out(Agent *agent)
{
    agent_lock(agent);
    agent->tracer = gettid();
    agent_unlock(agent);
}

void agent_job_end(AgentJob *job, int error)
{
    if (job && job->ioctl) {
        AgentCall *call = job->ioctl;
        g_mutex_lock(&call->lock);
        call->error = error;
        call->done = true;
        g_cond_signal(&call->changed);
        g_mutex_unlock(&call->lock); /* after this it may be gone */
    }
    g_free(job);
}

static void fail_job(int listener, AgentJob *job, int error)
{
    if (!job->ioctl) {
        notification_fail(listener, job->call.id, error);
    }
    close(job->host_fd);
    agent_job_end(job, error);
}

/* One that was given its file, and is not said to be done: its guest is gone, or a filter of the guest's own has kept the
 * agent from saying so. With the lock held. */
static void drop_given(Agent *agent)
{
    AgentJob *job = g_steal_pointer(&agent->job);

    if (job && !job->ioctl) {
        notification_fail(agent->listener, job->call.id, EPERM);
    }
    agent_job_end(job, ESRCH);
}

/* With the lock held: the agent of a process that takes its jobs; NULL: it has none. */
static Agent *agent_in(const Agents *agents, pid_t group)
{
    return g_hash_table_lookup(agents->by_group, GINT_TO_POINTER(group));
}

/* It takes no more jobs. With the lock held. */
static void retire(Agent *agent)
{
    if (agent_in(agent->agents, agent->group) == agent) {
        g_hash_table_remove(agent->agents->by_group, GINT_TO_POINTER(agent->group));
    }
}

void agent_set_borrowing(Agent *agent, AgentBorrowing borrowing)
{
    agent_lock(agent);
    agent->borrowing = borrowing;
    g_cond_broadcast(&agent->agents->changed);
    agent_unlock(agent);
}

void agent_settle(Agent *agent)
{
    agent_lock(agent);
    agent->is_settled = true;
    agent->lends = agent->lingers;
    g_cond_broadcast(&agent->agents->changed);
    agent_unlock(agent);
}

void agent_take_back(Agent *agent)
{
    agent_lock(agent);
    const uint64_t lending = agent->lends ? agent->lending : 0;
    agent->lends = false;
    agent_unlock(agent);
    if (lending) {
        agent->agents->take_back(lending, agent->agents->data);
    }
}

void agent_retire(Agent *agent)
{
    agent_lock(agent);
    retire(agent);
    agent_unlock(agent);
}

void agent_ended(Agent *agent, int error)
{
    Agents *agents = agent->agents;
    AgentJob *job;

    agent_lock(agent);
    agent->state = AGENT_ENDED;
    agent->error = error;
    if (agent->ahead && !error && !agent->unwanted) {
        g_hash_table_remove(agents->prepared,
                            &agent->process); /* the next program in it is another */
    }
    retire(agent);
    forget(agent);
    if (!agent->giving) {
        drop_given(agent);
    }
    agent_unlock(agent);
    if (agent->ahead) {
        error = 0; /* what it could not be made for was nobody's */
    }
    while ((job = g_queue_pop_head(&agent->jobs))) { /* nobody adds to it any more */
        if (job->ioctl) {
            fail_job(agent->listener, job, error ? error : ESRCH);
        } else if (error || !notification_is_valid(agent->listener, job->call.id)) {
            fail_job(agent->listener, job, error);
        } else {
            agents_map(agents, agent->listener, &job->call, agent->group, job->host_fd);
            g_free(job);
        }
    }
    agent_lock(agent);
    g_hash_table_remove(agents->all, agent);
    agents->n_errands -= agent->errand;
    g_cond_broadcast(&agents->changed);
    agent_unlock(agent);
    agent_unref(agent);
}

/* Answer the wait of a parked agent: it is to go. With the lock held. */
static void dismiss(Agent *agent, int error)
{
    agent->state = AGENT_LEAVING;
    retire(agent);
    notification_fail(agent->listener, agent->parked, error);
}

/* With the lock held: it has something to do. */
static bool has_work(const Agent *agent)
{
    return agent->giving || agent->offered >= 0 || agent->jobs.length > 0 || agent->holds > 0;
}

/* It is to leave its rest. With the lock held. */
static void ring(const Agent *agent)
{
    (void)eventfd_write(agent->bell, 1);
    g_cond_broadcast(&agent->agents->changed); /* the keeper has something to look at */
}

bool agent_may_rest(Agent *agent)
{
    agent_lock(agent);
    const bool may = !has_work(agent) && !agent->unwanted && !agent->agents->stopping &&
                     agent->state != AGENT_LEAVING;
    if (may) {
        agent->state = AGENT_RESTING;
    }
    agent_unlock(agent);
    return may;
}

/* Send a parked agent to its rest; the first time, with its bell. With the lock held. Returns true if it is to be given
 * that. */
static bool send_to_rest(Agent *agent)
{
    if (agent->bell_number < 0) {
        agent->offered = agent->bell;
        return true;
    }
    agent->state = AGENT_RESTING;
    if (agent->loop) {
        agent_loop_order_rest(agent);
        (void)notification_return(agent->listener, agent->parked, AGENT_JOB_FD);
    } else {
        notification_fail(agent->listener, agent->parked, EAGAIN);
    }
    return false;
}

/* --- jobs ------------------------------------------------------------------------------------- */

/* With the lock held: what a parked agent is to be given now, for its job if there is one; -1: nothing. */
static int next_file(Agent *agent)
{
    int offered = agent->offered;

    if (agent->state != AGENT_PARKED || agent->giving) {
        return -1;
    }
    if (offered >= 0) { /* the next one may be offered as soon as it has this */
        agent->offered = -1;
        return offered;
    }
    agent->job = g_queue_pop_head(&agent->jobs);
    return agent->job ? agent->job->host_fd : -1;
}

/* With the lock held: the agent has been given @fd in its wait @parked, or has not, for @error. */
static void given(Agent *agent, const AgentJob *job, int fd, uint64_t parked, int error)
{
    agent->giving = false;
    /* By now it may be anywhere, even in its next wait. */
    if (agent->state == AGENT_PARKED && agent->parked == parked) {
        agent->state = error == ENOENT ? AGENT_PARKING : error ? AGENT_PARKED : AGENT_BUSY;
    }
    if (!job) { /* what was offered, which stays ours */
        if (error == ENOENT) {
            agent->offered = fd;
        }
        if (error && agent->state == AGENT_PARKED && agent->parked == parked) {
            dismiss(agent, error); /* it cannot have it, and waits for nothing else */
        }
        return;
    }
    if (error == 0) {
        close(fd);
        if (agent->state == AGENT_ENDED && agent->job == job) {
            drop_given(agent);
        }
        return;
    }
    if (agent->job != job) { /* its wait ended in another way, which whoever saw it deals with */
        close(fd);
        return;
    }
    /* ENOENT: it was interrupted, and waits again in a moment; or it is gone. */
    if (error == ENOENT && agent->state != AGENT_ENDED) {
        g_queue_push_head(&agent->jobs, g_steal_pointer(&agent->job));
    } else {
        const int none = agent->job->ioctl ? ESRCH : EPERM; /* it has ended */
        fail_job(agent->listener, g_steal_pointer(&agent->job), error == ENOENT ? none : error);
    }
}

/*
 * What is put into the agent's table, which ends its wait.
 * @file: @is_job: under AGENT_JOB_FD; else under any number
 * @params: or -1: under AGENT_PARAMS_FD
 */
typedef struct {
    int file;
    bool is_job;
    int params;
} Delivery;

/* Returns 0 or an errno. */
static int hand_over(const Agent *agent, const Delivery *delivery, uint64_t parked)
{
    const int listener = agent->listener;
    int number = 0;

    if (delivery->params >= 0) {
        number = notification_put(listener, parked, delivery->params, AGENT_PARAMS_FD, O_CLOEXEC);
    }
    if (number >= 0) {
        number = delivery->is_job ? notification_give_as(listener, parked, delivery->file,
                                                         AGENT_JOB_FD, O_CLOEXEC)
                                  : notification_give(listener, parked, delivery->file, O_CLOEXEC);
    }
    switch (number) {
    case -ESRCH: /* it was interrupted while it took the file (kernel/seccomp.c, seccomp_notify_addfd()) */
        return ENOENT;
    case -EBADF: /* it may not have a file with this number (RLIMIT_NOFILE) */
        return EMFILE;
    default:
        return number < 0 ? -number : 0;
    }
}

/* With the lock held: what is to be delivered for a job, or with none, @fd. An agent without stops is given its order. */
static Delivery prepare_delivery(Agent *agent, int fd)
{
    const AgentJob *job = agent->job;
    Delivery delivery = {.file = fd, .is_job = job, .params = -1};

    if (job && agent->loop) {
        agent_loop_order_job(agent, job);
    } else if (job && job->ioctl) {
        delivery.params = job->ioctl->params_fd;
    }
    return delivery;
}

/*
 * As long as the agent waits, and there is something for it: give it the file, which ends its wait. The
 * agent puts it into its table itself, so this takes until it is scheduled, and is done without the lock.
 */
static void give_next(Agent *agent)
{
    int fd;

    agent_lock(agent);
    if (agent->state == AGENT_RESTING) {
        ring(agent);
    }
    while ((fd = next_file(agent)) >= 0) {
        const AgentJob *job = agent->job;
        const uint64_t parked = agent->parked;
        const Delivery delivery = prepare_delivery(agent, fd);
        agent->giving = true;
        agent_unlock(agent);
        int error = hand_over(agent, &delivery, parked);
        agent_lock(agent);
        given(agent, job, fd, parked, error);
    }
    agent_unlock(agent);
}

/*
 * With the lock held: the agent that waits in a notification. Its number alone does not tell while it is being made: when it has
 * just been killed, a new thread of the guest's may have that, and must not get what was for it. No thread
 * but an agent can be in a call while a tracer of ours holds it. Once it is settled it is forgotten before its number
 * is free (agent_main()).
 */
static Agent *agent_that_waits(const Agents *agents, const struct seccomp_notif *notif)
{
    const pid_t tid = (pid_t)notif->pid;
    Agent *agent = g_hash_table_lookup(agents->by_tid, GINT_TO_POINTER(tid));

    return agent && (agent->is_settled || guest_thread_tracer(tid) == agent->tracer) ? agent : NULL;
}

void agent_issues(Agent *agent, const AgentCall *call)
{
    agent_lock(agent);
    agent->issuing = call;
    agent_unlock(agent);
}

/* With the lock held: a copy of what the ioctl() that an agent is at is to read; false: it is at none. */
static bool copy_params(const Agent *agent, AgentParams *params)
{
    const AgentCall *call = agent->issuing;

    if (!call) {
        return false;
    }
    *params =
        (AgentParams){.fd = fcntl(call->params_fd, F_DUPFD_CLOEXEC, 0), .size = call->what->size};
    memcpy(params->bytes, call->what->params, params->size);
    return true;
}

/*
 * Check: whether an agent's ioctl() is to read what it was checked for when it began. The time from then until now is
 * as long as threads take to be scheduled.
 * @agent: a reference
 * @notif: the call
 */
typedef struct {
    Agent *agent;
    struct seccomp_notif notif;
    AgentParams params;
} Check;

/* With the lock held: the agent is in an ioctl() of its job. NULL: that is left to the check that is under way: the
 * call that it is about was interrupted, and is made once more. */
static Check *check_new(Agent *agent, const struct seccomp_notif *notif)
{
    Check *check;

    if (agent->is_checked) {
        agent->recheck = *notif;
        return NULL;
    }
    check = g_new(Check, 1);
    *check = (Check){.agent = agent_ref(agent), .notif = *notif, .params.fd = -1};
    (void)copy_params(agent, &check->params);
    agent->is_checked = true;
    agent->agents->n_checks++;
    return check;
}

static void check_free(Check *check)
{
    Agents *agents = check->agent->agents;

    agent_params_clear(&check->params);
    agent_unref(check->agent);
    g_free(check);
    g_mutex_lock(&agents->lock);
    agents->n_checks--;
    g_cond_broadcast(&agents->changed);
    g_mutex_unlock(&agents->lock);
}

static void run_once(const Check *check)
{
    const Agent *agent = check->agent;
    const struct seccomp_notif *notif = &check->notif;

    if (check->params.fd < 0) { /* we are short of descriptors */
        notification_fail(agent->listener, notif->id, ENOMEM);
    } else if (agent_params_are_there(&check->params, (pid_t)notif->pid,
                                      notif->data.args[ARG_PARAMS])) {
        notification_continue(agent->listener, notif->id);
    } else {
        /* A thread that is being killed has no memory any more, and makes no call. */
        if (notification_is_valid(agent->listener, notif->id)) {
            agent_punish(agent);
        }
        notification_fail(agent->listener, notif->id, EPERM);
    }
}

/* Is there another call of the agent's to check? */
static bool check_next(Check *check)
{
    Agent *agent = check->agent;

    agent_lock(agent);
    bool next = agent->recheck.id != 0;
    check->notif = agent->recheck;
    agent->recheck.id = 0;
    agent->is_checked = next;
    agent_params_clear(&check->params);
    check->params.fd = -1;
    if (next) {
        (void)copy_params(agent, &check->params);
    }
    agent_unlock(agent);
    return next;
}

static gpointer run_check(gpointer data)
{
    Check *check = data;

    do {
        run_once(check);
    } while (check_next(check));
    check_free(check);
    return NULL;
}

/*
 * Each has a thread of its own: it reads a list of the guest's mappings, which the guest can make long, and slow to
 * read. Not the reader, for whom all the container's calls would wait; nor a thread that answers guests: these may
 * all wait, by way of the worker, for this very call of the agent's (wire/broker-protocol.h). There is one for an
 * agent at a time.
 */
static void begin_check(Check *check)
{
    GThread *thread = g_thread_try_new("broker-check", run_check, check, NULL);

    if (thread) {
        g_thread_unref(thread);
        return;
    }
    do { /* we are short of threads */
        notification_fail(check->agent->listener, check->notif.id, ENOMEM);
    } while (check_next(check));
    check_free(check);
}

/*
 * With the lock held: does it wait for a file? Its other calls, of a job or an errand, were checked when they began. It makes none
 * of these while it is parked: a wait that is told of then is the one that a stop of the process interrupted, begun again, and its
 * tracer had said so before we saw the first. Where its wait was answered with a file, it goes on at once, and is BUSY before its
 * next call (take_job()); an errand is not, but it is the reader that answers it, and says BUSY (given()) before it takes its next
 * notification.
 */
static bool is_wait(const Agent *agent, const struct seccomp_notif *notif)
{
    bool waits = agent->state == AGENT_PARKING || agent->state == AGENT_PARKED ||
                 agent->state == AGENT_LEAVING;

    if (agent->loop) {
        return agent_loop_is_wait(notif);
    }
    return waits && notif->data.nr == (agent->errand ? SYS_pidfd_getfd : SYS_mmap);
}

/* With the lock held: an agent without stops is about to make the call of its job, and no other. */
static void let_on(const Agent *agent, const struct seccomp_notif *notif)
{
    const AgentJob *job = agent->job;
    const AgentCall *call = job ? job->ioctl : NULL;

    if (job && notif->data.nr == (call ? SYS_ioctl : SYS_mmap) &&
        (!call || agent_loop_has_params(agent, call->what))) {
        notification_continue(agent->listener, notif->id);
    } else {
        agent_punish(agent);
        notification_fail(agent->listener, notif->id, EPERM);
    }
}

/* With the lock held: an agent's call that is no wait, and that a filter has us asked about. */
static void see_to_call(Agent *agent, const struct seccomp_notif *notif, Check **check)
{
    if (agent->loop) {
        let_on(agent, notif);
    } else if (notif->data.nr == SYS_ioctl && agent->issuing) {
        *check = check_new(agent, notif);
    } else {
        notification_continue(agent->listener, notif->id);
    }
}

/* With the lock held: let an agent without stops carry out an order that needs no file. */
static void unpark(Agent *agent)
{
    agent->state = AGENT_BUSY;
    (void)notification_return(agent->listener, agent->parked, AGENT_JOB_FD); /* or it waits again */
}

/* With the lock held: an agent without stops has mapped, or has not. If a signal came to its guest first, that calls again,
 * and has no use for this mapping. */
static void end_map(Agent *agent, AgentJob *job, int64_t result)
{
    if (agent_is_error(result)) {
        notification_fail(agent->listener, job->call.id, (int)-result);
    } else if (!notification_return(agent->listener, job->call.id, result)) {
        agent_loop_order_unmap(agent, (uint64_t)result, job->call.data.args[ARG_MAP_LENGTH]);
        unpark(agent);
    }
    agent_job_end(job, 0);
}

static void end_ioctl(const Agent *agent, AgentJob *job, int64_t result)
{
    agent_loop_take_params(agent, job->ioctl->what);
    agent_job_end(job, agent_is_error(result) ? (int)-result : 0);
}

/* With the lock held: an agent without stops waits, and says in its wait what its last order came to. */
static void end_order(Agent *agent, const struct seccomp_notif *notif, AgentState before)
{
    int64_t result;

    if (!agent_loop_result(agent, notif, &result)) { /* it was interrupted before it had that */
        if (agent_loop_is_unmapping(agent)) {
            unpark(agent);
        }
        return;
    }
    if (before == AGENT_RESTING && result != -EFAULT) {
        agent->unwanted = true; /* a filter of the guest's own does not let it rest */
    }
    AgentJob *job = g_steal_pointer(&agent->job);
    if (job && job->ioctl) {
        end_ioctl(agent, job, result);
    } else if (job) {
        end_map(agent, job, result);
    }
}

/* With the lock held: is an agent that waits to end? @before: its state before: it may have been interrupted before it knew that
 * it is to go. */
static bool is_to_go(const Agent *agent, AgentState before)
{
    const Agents *agents = agent->agents;

    return before == AGENT_LEAVING ||
           (!has_work(agent) &&
            (!agent->lingers || agent->unwanted || count(agents) > KEPT_MAX || agents->stopping));
}

/* With the lock held: it waits for a file. */
static void park(Agent *agent, const struct seccomp_notif *notif)
{
    const AgentState before = agent->state;

    agent->parked = notif->id;
    agent->since = g_get_monotonic_time();
    agent_set_state(agent, AGENT_PARKED);
    if (agent->loop) {
        end_order(agent, notif, before);
    }
    if (agent->state == AGENT_PARKED && is_to_go(agent, before)) {
        dismiss(agent, ECANCELED);
    }
}

bool agents_notified(Agents *agents, const struct seccomp_notif *notif)
{
    Check *check = NULL;
    Agent *agent;

    g_mutex_lock(&agents->lock);
    agent = agent_that_waits(agents, notif);
    if (!agent) {
        g_mutex_unlock(&agents->lock);
        return false;
    }
    agent_ref(agent);
    const bool waits = is_wait(agent, notif);
    if (waits) {
        park(agent, notif);
    } else {
        see_to_call(agent, notif, &check);
    }
    g_mutex_unlock(&agents->lock);
    if (check) {
        begin_check(check);
    } else if (waits) {
        give_next(agent);
    }
    agent_unref(agent);
    return true;
}

/* AgentSort: what is made. @errand, @again, @ahead: as in Agent */
typedef struct {
    bool errand;
    bool again;
    bool ahead;
} AgentSort;

/* With the lock held: an agent, or an errand, that is to be made with the help of this call's thread; NULL: there
 * is no thread for it. */
static Agent *agent_start(Agents *agents, int listener, const struct seccomp_notif *notif,
                          pid_t group, AgentSort sort)
{
    Agent *agent = g_new0(Agent, 1);
    GThread *thread = NULL;

    g_atomic_ref_count_init(&agent->refs);
    agent->agents = agents;
    agent->group = group;
    agent->starter = *notif;
    agent->errand = sort.errand;
    agent->again = sort.again;
    agent->ahead = sort.ahead;
    agent->listener = fcntl(listener, F_DUPFD_CLOEXEC, 0);
    agent->offered = -1;
    agent->bell = eventfd(0, EFD_CLOEXEC);
    agent->bell_number = -1;
    g_queue_init(&agent->jobs);
    if (agent->listener >= 0 && agent->bell >= 0) {
        thread = sort.errand ? g_thread_try_new("broker-errand", agent_errand_main, agent, NULL)
                             : g_thread_try_new("broker-agent", agent_main, agent, NULL);
    }
    if (!thread) {
        close_if_open(agent->listener);
        close_if_open(agent->bell);
        g_free(agent);
        return NULL;
    }
    g_thread_unref(thread);
    g_hash_table_add(agents->all, agent);
    agents->n_errands += sort.errand;
    g_cond_broadcast(&agents->changed); /* the keeper has something to look at */
    return agent;
}

/* With the lock held: the process's agent from now on; NULL: there is no thread for it. */
static Agent *agent_new(Agents *agents, int listener, const struct seccomp_notif *notif,
                        pid_t group, AgentSort sort)
{
    Agent *agent = agent_start(agents, listener, notif, group, sort);

    if (agent) {
        g_hash_table_insert(agents->by_group, GINT_TO_POINTER(group), agent);
    }
    return agent;
}

/* With the lock held: the agent of the process; NULL and @error if there is to be none. */
static Agent *agent_for(Agents *agents, int listener, const struct seccomp_notif *notif,
                        pid_t group, int *error)
{
    Agent *agent = agent_in(agents, group);

    if (agents->stopping) {
        *error = ENODEV;
        return NULL;
    }
    if (!agent) {
        agent = agent_new(agents, listener, notif, group, (AgentSort){0});
        *error = ENOMEM;
    }
    return agent;
}

/* The listener counts its notifications up. Source: kernel/seccomp.c, seccomp_next_notify_id(). */
static bool is_earlier(const struct seccomp_notif *one, const struct seccomp_notif *other)
{
    return (int64_t)(one->id - other->id) < 0;
}

/*
 * With the lock held: take out the job of a call that a thread made before its present one; NULL: there is none. That call was
 * interrupted, and nobody waits for it: a process that is stopped and let on more often than its agent gets a turn would have us
 * keep a file for each.
 */
static AgentJob *take_superseded(Agent *agent, const struct seccomp_notif *present)
{
    for (GList *at = agent->jobs.head; at; at = at->next) {
        AgentJob *job = at->data;
        if (!job->ioctl && job->call.pid == present->pid && is_earlier(&job->call, present)) {
            g_queue_delete_link(&agent->jobs, at);
            return job;
        }
    }
    return NULL;
}

void agents_map(Agents *agents, int listener, const struct seccomp_notif *notif, pid_t group,
                int host_fd)
{
    AgentJob *job = g_new(AgentJob, 1);
    AgentJob *superseded = NULL;
    Agent *agent;
    int error = 0;

    *job = (AgentJob){.host_fd = host_fd, .call = *notif};
    g_mutex_lock(&agents->lock);
    agent = agent_for(agents, listener, notif, group, &error);
    if (agent) {
        superseded = take_superseded(agent, notif);
        g_queue_push_tail(&agent->jobs, job);
        agent_ref(agent);
    }
    g_mutex_unlock(&agents->lock);
    if (superseded) {
        fail_job(listener, superseded, EINTR);
    }
    if (agent) {
        give_next(agent);
        agent_unref(agent);
    } else {
        fail_job(listener, job, error);
    }
}

void agents_take_file(Agents *agents, int listener, const struct seccomp_notif *notif)
{
    pid_t group = guest_thread_group((pid_t)notif->pid);
    int error = group < 0 ? ESRCH : ENOMEM;

    g_mutex_lock(&agents->lock);
    if (group >= 0 && !agents->stopping && agents->n_errands < ERRANDS_MAX &&
        agent_start(agents, listener, notif, group, (AgentSort){.errand = true})) {
        error = 0;
    }
    g_mutex_unlock(&agents->lock);
    if (error) {
        notification_fail(listener, notif->id, error);
    }
}

/* With the lock held: the process's agent; NULL: it has none. One that is being made with the help of another thread may
 * come to nothing: that is waited for, but not for ever, for a guest can hold up its own. */
static Agent *agent_of(Agents *agents, pid_t group)
{
    Agent *agent = agent_in(agents, group);
    gint64 deadline = g_get_monotonic_time() + BIRTH_SECONDS * G_TIME_SPAN_SECOND;

    while (agent && agent->state == AGENT_STARTING && !agents->stopping &&
           g_cond_wait_until(&agents->changed, &agents->lock, deadline)) {
        agent = agent_in(agents, group);
    }
    return agent;
}

AgentHold *agents_hold(Agents *agents, int listener, const struct seccomp_notif *notif, pid_t group,
                       bool *again)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&agents->lock);
    Agent *agent = agent_of(agents, group);

    *again = false;
    if (agents->stopping) {
        return NULL;
    }
    if (agent) {
        agent->holds++;
        return agent_ref(agent);
    }
    *again = guest_thread_tracer((pid_t)notif->pid) == 0 &&
             agent_new(agents, listener, notif, group, (AgentSort){.again = true}) != NULL;
    return NULL;
}

void agents_release(AgentHold *hold)
{
    if (hold) {
        agent_lock(hold);
        hold->holds--;
        agent_unlock(hold);
        agent_unref(hold);
    }
}

/* --- ahead ------------------------------------------------------------------------------------ */

/* With the lock held: is a process to be given an agent ahead? Once: if that fails there is a reason for it. */
static bool is_to_prepare(Agents *agents, uint64_t process)
{
    if (agents->stopping || count(agents) >= KEPT_MAX ||
        agent_in(agents, guest_process_group(process)) ||
        g_hash_table_contains(agents->prepared, &process)) {
        return false;
    }
    if (g_hash_table_size(agents->prepared) >= PREPARED_MAX) {
        g_hash_table_remove_all(agents->prepared);
    }
    g_hash_table_add(agents->prepared, g_memdup2(&process, sizeof process));
    return true;
}

/* With the lock held. One that is made ahead is still being made when the thread that it was made with calls again. What that
 * does next is to find it made: it may be a filter for all threads (SECCOMP_FILTER_FLAG_TSYNC), which kills for the
 * calls that are missing. Not for long: a guest can hold its own up. */
static void wait_until_made(Agents *agents, pid_t group)
{
    const gint64 deadline = g_get_monotonic_time() + MAKE_MS * G_TIME_SPAN_MILLISECOND;
    const Agent *agent;

    while ((agent = agent_in(agents, group)) && !agent->is_settled && !agents->stopping &&
           g_cond_wait_until(&agents->changed, &agents->lock, deadline)) {
    }
}

bool agents_prepare(Agents *agents, int listener, const struct seccomp_notif *notif,
                    uint64_t process, unsigned filters)
{
    const pid_t tid = (pid_t)notif->pid;
    const pid_t group = guest_process_group(process);
    Agent *agent = NULL;

    g_mutex_lock(&agents->lock);
    const bool has_one = agent_in(agents, group);
    wait_until_made(agents, group);
    g_mutex_unlock(&agents->lock);
    if (has_one || guest_thread_tracer(tid) != 0 || guest_thread_filters(tid) > filters) {
        return false;
    }
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&agents->lock);
    if (is_to_prepare(agents, process)) {
        agent =
            agent_new(agents, listener, notif, group, (AgentSort){.again = true, .ahead = true});
    }
    if (!agent) {
        return false;
    }
    agent_ref(agent);
    agent->process = process;
    const gint64 deadline = g_get_monotonic_time() + BIRTH_SECONDS * G_TIME_SPAN_SECOND;
    /* Not for ever: what a guest executes from a file system of its own keeps others from taking hold of its threads. */
    while (agent->borrowing == AGENT_NOT_YET &&
           g_cond_wait_until(&agents->changed, &agents->lock, deadline)) {
    }
    const bool borrowed = agent->borrowing == AGENT_BORROWED;
    agent_unref(agent);
    return borrowed;
}

uint64_t agents_lend(Agents *agents, pid_t group)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&agents->lock);
    Agent *agent = agent_in(agents, group);

    if (!agent || !agent->lends || agent->unwanted || agent->state == AGENT_LEAVING) {
        return 0;
    }
    if (agent->lending == 0) {
        agent->lending = ++agents->last_lending;
    }
    return agent->lending;
}

/* Until a thread that runs no code any more is gone from its process as well. */
static void wait_until_gone(pid_t tid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d", tid);
    struct stat st;

    for (unsigned look = 0; look < GONE_LOOKS && stat(path, &st) == 0; look++) {
        g_usleep(GONE_MICROSECONDS);
    }
}

void agents_dismiss(Agents *agents, pid_t group)
{
    const gint64 deadline = g_get_monotonic_time() + BIRTH_SECONDS * G_TIME_SPAN_SECOND;

    g_mutex_lock(&agents->lock);
    Agent *agent = agent_in(agents, group);
    if (agent) {
        agent_ref(agent);
        agent->unwanted = true;
        if (agent->state == AGENT_PARKED && !has_work(agent)) {
            dismiss(agent, ECANCELED);
        } else if (agent->state == AGENT_RESTING) {
            ring(agent);
        }
        while (agent->state != AGENT_ENDED &&
               g_cond_wait_until(&agents->changed, &agents->lock, deadline)) {
        }
    }
    g_mutex_unlock(&agents->lock);
    if (agent) {
        wait_until_gone(agent->tracee.tid);
        agent_unref(agent);
    }
}

GArray *agents_threads(Agents *agents)
{
    GArray *threads = g_array_new(FALSE, FALSE, sizeof(AgentThread));
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&agents->lock);
    GHashTableIter iter;
    gpointer agent;

    g_hash_table_iter_init(&iter, agents->all);
    while (g_hash_table_iter_next(&iter, &agent, NULL)) {
        const Agent *one = agent;
        const bool is_starting = one->state == AGENT_STARTING;
        const AgentThread thread = {is_starting ? (pid_t)one->starter.pid : one->tracee.tid,
                                    one->group};
        if (!one->errand) {
            g_array_append_val(threads, thread);
        }
    }
    return threads;
}

/* --- ioctls ----------------------------------------------------------------------------------- */

/* Give it to the process's agent. Returns false if there is none. */
static bool give_call(Agents *agents, pid_t group, AgentCall *call, int host_fd)
{
    AgentJob *job = g_new(AgentJob, 1);
    Agent *agent;

    *job = (AgentJob){.host_fd = host_fd, .ioctl = call};
    g_mutex_lock(&agents->lock);
    agent = agent_in(agents, group);
    if (agent) {
        g_queue_push_tail(&agent->jobs, job);
        agent_ref(agent);
    }
    g_mutex_unlock(&agents->lock);
    if (!agent) {
        g_free(job);
        return false;
    }
    give_next(agent);
    agent_unref(agent);
    return true;
}

static int wait_for_call(AgentCall *call)
{
    g_mutex_lock(&call->lock);
    while (!call->done) {
        g_cond_wait(&call->changed, &call->lock);
    }
    g_mutex_unlock(&call->lock);
    return call->error;
}

/* Before the guest knows of the file: it can hold the file's lock then, and whoever writes. */
static bool write_params(const AgentCall *call)
{
    const AgentIoctl *what = call->what;

    return call->params_fd >= 0 &&
           pwrite(call->params_fd, what->params, what->size, 0) == (ssize_t)what->size;
}

int agents_ioctl(Agents *agents, pid_t group, const AgentIoctl *what)
{
    AgentCall call = {.what = what, .params_fd = agent_page_new()};
    int host_fd = write_params(&call) ? fcntl(what->host_fd, F_DUPFD_CLOEXEC, 0) : -1;
    int error = ENOMEM;

    g_mutex_init(&call.lock);
    g_cond_init(&call.changed);
    if (host_fd >= 0 && !give_call(agents, group, &call, host_fd)) {
        close(host_fd);
        error = EOPNOTSUPP;
    } else if (host_fd >= 0) {
        error = wait_for_call(&call);
    }
    close_if_open(call.params_fd);
    g_mutex_clear(&call.lock);
    g_cond_clear(&call.changed);
    return error;
}

/* --- the keeper ------------------------------------------------------------------------------- */

/* It executes one instruction to get into a system call; not to come back is to be made to do something
 * else. But it may be kept waiting: by a busy or a frozen machine, or for its page of code. */
static bool is_astray(const Tracee *tracee, AgentStay *stay)
{
    gint64 since = tracee->in_user_mode_since;

    /* What a thread of the guest's has run before it was borrowed does not count. */
    if (since != stay->since) {
        *stay = (AgentStay){.since = since, .ticks = since ? guest_thread_time(tracee->tid) : 0};
    }
    return since && g_get_monotonic_time() - since > ASTRAY_SECONDS * G_TIME_SPAN_SECOND &&
           guest_thread_time(tracee->tid) > stay->ticks + ASTRAY_TICKS;
}

/* With the lock held. Returns true if it is to be given its bell. */
static bool look_after(const Agents *agents, Agent *agent)
{
    gint64 idle = g_get_monotonic_time() - agent->since;
    bool to_give = false;

    if (agent->state == AGENT_PARKED && !has_work(agent)) {
        const bool is_idle = idle > LINGER_MS * G_TIME_SPAN_MILLISECOND;
        if (agents->stopping || agent->unwanted || (is_idle && !agent->is_settled)) {
            dismiss(agent, ECANCELED);
        } else if (is_idle) {
            to_give = send_to_rest(agent);
        }
    } else if (agent->state == AGENT_RESTING && (agents->stopping || agent->unwanted)) {
        ring(agent);
    }
    if (is_astray(&agent->borrowed, &agent->borrowed_stay) ||
        is_astray(&agent->tracee, &agent->stay)) {
        agent->borrowed.in_user_mode_since = agent->tracee.in_user_mode_since = 0; /* once */
        agent_trouble(agent, INCIDENT_ASTRAY);
        kill(agent->group, SIGKILL);
    }
    return to_give;
}

/* With the lock held, and let go of for a moment. */
static void look_after_all(Agents *agents)
{
    g_autoptr(GList) all = g_hash_table_get_keys(agents->all);
    g_autoptr(GPtrArray) given = g_ptr_array_new();

    for (const GList *at = all; at; at = at->next) {
        if (look_after(agents, at->data)) {
            g_ptr_array_add(given, agent_ref(at->data));
        }
    }
    g_mutex_unlock(&agents->lock);
    for (guint i = 0; i < given->len; i++) {
        give_next(g_ptr_array_index(given, i));
        agent_unref(g_ptr_array_index(given, i));
    }
    g_mutex_lock(&agents->lock);
}

/* With the lock held: is there one that time has a meaning for? */
static bool is_any_awake(const Agents *agents)
{
    GHashTableIter iter;
    gpointer agent;

    g_hash_table_iter_init(&iter, agents->all);
    while (g_hash_table_iter_next(&iter, &agent, NULL)) {
        const Agent *one = agent;
        if (one->state != AGENT_RESTING || has_work(one) || one->unwanted) {
            return true;
        }
    }
    return false;
}

static gpointer keep(gpointer data)
{
    Agents *agents = data;

    g_mutex_lock(&agents->lock);
    while (!agents->stopping || count(agents) > 0) {
        if (!agents->stopping && !is_any_awake(agents)) {
            g_cond_wait(&agents->changed, &agents->lock);
        } else {
            g_cond_wait_until(&agents->changed, &agents->lock,
                              g_get_monotonic_time() + TICK_MS * G_TIME_SPAN_MILLISECOND);
        }
        look_after_all(agents);
    }
    g_mutex_unlock(&agents->lock);
    return NULL;
}

/* --- all of them ------------------------------------------------------------------------------ */

/* What capset(2) reads, sealed: nobody can ever write to it. */
static int make_no_caps(void)
{
    const struct {
        struct __user_cap_header_struct header;
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    } nothing = {.header = {.version = _LINUX_CAPABILITY_VERSION_3}};
    const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    int fd = memfd_create("nvcuse-no-caps", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    g_assert(fd >= 0 && write(fd, &nothing, sizeof nothing) == sizeof nothing &&
             fcntl(fd, F_ADD_SEALS, seals) == 0);
    return fd;
}

Agents *agents_new(GuestMembers *members, Incidents *incidents, AgentsTakeBack take_back,
                   gpointer data)
{
    Agents *agents = g_new0(Agents, 1);

    agents->members = members;
    g_mutex_init(&agents->lock);
    g_cond_init(&agents->changed);
    agents->by_group = g_hash_table_new(NULL, NULL);
    agents->by_tid = g_hash_table_new(NULL, NULL);
    agents->all = g_hash_table_new(NULL, NULL);
    agents->no_caps = make_no_caps();
    agents->incidents = incidents;
    agents->take_back = take_back;
    agents->data = data;
    agents->prepared = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    agents->keeper = g_thread_new("broker-keeper", keep, agents);
    return agents;
}

/* What is still busy is held in the host's driver, or by a guest that holds its agent up. */
static void kill_all(const Agents *agents)
{
    GHashTableIter iter;
    gpointer agent;

    g_hash_table_iter_init(&iter, agents->all);
    while (g_hash_table_iter_next(&iter, &agent, NULL)) {
        kill(((const Agent *)agent)->group, SIGKILL);
    }
}

/* With the lock held: until nothing is under way, but so long only. */
static void wait_for_none(Agents *agents, unsigned seconds)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)seconds * G_TIME_SPAN_SECOND;

    while ((count(agents) > 0 || agents->n_checks > 0) &&
           g_cond_wait_until(&agents->changed, &agents->lock, deadline)) {
    }
}

/* With the lock held: false with @error that says what is under way still. */
static bool have_ended(const Agents *agents, GError **error)
{
    GHashTableIter iter;
    gpointer left = NULL;

    g_hash_table_iter_init(&iter, agents->all);
    if (g_hash_table_iter_next(&iter, &left, NULL)) {
        const pid_t group = ((const Agent *)left)->group;
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                    "process %d was killed and does not end: something in the kernel holds it up; "
                    "/proc/%d/task/*/stack says what",
                    group, group);
    } else if (agents->n_checks > 0) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                            "the list of a guest's mappings cannot be read to its end: something "
                            "in the kernel holds it up");
    }
    return !left && agents->n_checks == 0;
}

bool agents_stop(Agents *agents, GError **error)
{
    g_mutex_lock(&agents->lock);
    agents->stopping = true;
    g_cond_broadcast(&agents->changed);
    wait_for_none(agents, STOP_SECONDS);
    kill_all(agents);
    wait_for_none(agents, KILL_SECONDS);
    const bool ended = have_ended(agents, error);
    g_mutex_unlock(&agents->lock);
    if (ended) {
        g_thread_join(agents->keeper);
    }
    return ended;
}

void agents_free(Agents *agents)
{
    g_hash_table_unref(agents->by_group);
    g_hash_table_unref(agents->by_tid);
    g_hash_table_unref(agents->all);
    g_hash_table_unref(agents->prepared);
    close(agents->no_caps);
    g_mutex_clear(&agents->lock);
    g_cond_clear(&agents->changed);
    g_free(agents);
}
