/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation.
 *
 * CUSE cannot map memory, and some calls of the driver act on the address space of their caller. An agent does both for a
 * guest. It is a thread in the guest's process that has
 *
 * - the guest's address space,
 * - a descriptor table of its own, empty but for the file of the job, the parameters of an ioctl() and its bell,
 * - no capabilities,
 * - all signals blocked.
 *
 * An agent never runs the guest's code. Either it goes from one system call to the next under ptrace, and the broker checks
 * each call before it begins (tracee.h). Or it runs code of the broker's that no process can change (agent-loop.h).
 *
 * An agent is made with the help of the guest's thread that first opens a device, or first needs the agent. It serves all
 * threads of its process. It ends with its process, with exec(), and with the broker (PTRACE_O_EXITKILL). It ends before that
 * when the process makes a call that only a process with a single thread may make, or when a debugger attaches to the process
 * (agents_dismiss()).
 *
 * Four kinds of the broker's threads act on an agent. They meet here, under one lock:
 *
 * - The tracer: each agent has one. It alone may trace the agent, and does nothing else (agent-thread.c).
 * - The threads that answer a listener: they bring jobs.
 * - The reader, one of these: it receives the notifications of the agent's own calls.
 * - The keeper: it watches the time.
 *
 * The states of an agent:
 *
 *     state     what the agent does, and may do                       which thread changes the state, and to what
 *     STARTING  it is being made: gives up files and capabilities     tracer: PARKING, ENDED
 *     PARKING   it is on its way into the call in which it waits      reader, with the notification: PARKED
 *     PARKED    it waits in the kernel for the answer to the          any thread with a job, by giving it the file: BUSY;
 *               notification                                          keeper: RESTING; keeper, reader and
 *                                                                     agents_dismiss(): LEAVING; reader, with the notification
 *                                                                     of a wait that was interrupted and begun again: PARKED
 *     RESTING   it waits for its bell, an eventfd: a wait in the      any thread with a job rings the bell. Then
 *               kernel in which it can be stopped and frozen with     tracer: PARKING; without stops: reader: PARKED
 *               its process
 *     BUSY      it has the job's file, and makes the job's calls      tracer: PARKING, or RESTING after it got its bell;
 *                                                                     without stops: reader, with the notification: PARKED
 *     LEAVING   it ends; it may only call exit()                      tracer: ENDED
 *     ENDED     it is gone                                            -
 *
 * An agent can be ended by force in every state. Then an mmap() job that still waits in its queue is begun again with a new
 * agent, unless this agent failed. If the guest is gone as well, nothing waits for the answer. Every other job fails
 * (agent_ended()). If an agent does not do what it was made to do, its process is killed: other threads of the process have
 * overwritten the code that the agent used.
 *
 * The wait in PARKED is a system call about which the filter asks the broker. The broker's answer is the file. So one message
 * brings the job and ends the wait, and the tracer never waits for anything but its agent.
 *
 * An errand (agent-errand.c) is made like an agent, for one call of one thread. It is not entered in by_group, so no job
 * reaches it.
 *
 * A thread in PARKED cannot be stopped or frozen. So an agent that has had nothing to do for a moment goes to rest. It reads
 * from its bell to an invalid address, so that the read needs no memory of the guest's. When the bell is rung, the read returns
 * EFAULT.
 *
 * As long as a process has an agent, the broker learns of the process's end, and of exec(), before they take effect. So memory
 * can be lent (caller-memory.h).
 *
 * An agent maps with AGENT_MAP_MARK, so that the filter does not ask the broker about this mmap() as well. It leaves the mark
 * out if the guest's flags are of the sort whose unknown bits the kernel refuses.
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
#include "cuse-server/broker/agents/agent.h"
#include "cuse-server/broker/agents/thread/agent-loop.h"
#include "cuse-server/broker/agents/thread/agent-params.h"
#include "cuse-server/broker/guests/notification.h"
#include "cuse-server/broker/identity/guest-thread.h"

/*
 * #syscalls:broker clone kill close fcntl gettid memfd_create write pwrite64 eventfd2 newfstatat stat clock_nanosleep
 */

enum {
    LINGER_MS = 200, /* how long an agent waits for its process's next call before it rests */
    TICK_MS = 100,   /* how often the keeper looks */
    MAKE_MS = 200,   /* how long an open waits for the agent that is made for its process */
    KEPT_MAX = 256,  /* if there are more agents, idle ones are not kept */
    PREPARED_MAX = 4096,
    GONE_LOOKS = 100, /* how often to check whether an agent's thread is gone */
    GONE_MICROSECONDS = 500,
    ERRANDS_MAX = 64,   /* at a time */
    ASTRAY_SECONDS = 2, /* time in user mode, where an agent has one instruction to execute */
    ASTRAY_TICKS = 50,  /* running time in user mode: an agent may have been kept from running */
    BIRTH_SECONDS = 5,  /* how long to wait for an agent that is being made */
    STOP_SECONDS = 5,   /* how long agents_stop() waits for busy agents */
    KILL_SECONDS = 10,  /* how long it then waits for those that it killed */
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

/* Print the reason as well: a user at the guest's terminal sees that the process ends, but not the reported incident. */
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
        g_mutex_unlock(&call->lock); /* from here on the waiting thread may free it */
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

/* Drop a job whose file the agent was given, but which it did not report as done. Its guest is gone, or a filter of the
 * guest's own has kept the agent from reporting. Call with the lock held. */
static void drop_given(Agent *agent)
{
    AgentJob *job = g_steal_pointer(&agent->job);

    if (job && !job->ioctl) {
        notification_fail(agent->listener, job->call.id, EPERM);
    }
    agent_job_end(job, ESRCH);
}

/* Get the agent that takes the jobs of a process, or NULL. Call with the lock held. */
static Agent *agent_in(const Agents *agents, pid_t group)
{
    return g_hash_table_lookup(agents->by_group, GINT_TO_POINTER(group));
}

/* Give this agent no more jobs. Call with the lock held. */
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
                            &agent->process); /* its next program may get an agent */
    }
    retire(agent);
    forget(agent);
    if (!agent->giving) {
        drop_given(agent);
    }
    agent_unlock(agent);
    if (agent->ahead) {
        error = 0; /* made ahead: its error is not the fault of these jobs */
    }
    while ((job = g_queue_pop_head(&agent->jobs))) { /* retired: no thread adds jobs any more */
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

/* Answer the wait of a parked agent so that it ends. Call with the lock held. */
static void dismiss(Agent *agent, int error)
{
    agent->state = AGENT_LEAVING;
    retire(agent);
    notification_fail(agent->listener, agent->parked, error);
}

/* Whether there is work for the agent. Call with the lock held. */
static bool has_work(const Agent *agent)
{
    return agent->giving || agent->offered >= 0 || agent->jobs.length > 0 || agent->holds > 0;
}

/* Wake an agent that rests. Call with the lock held. */
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

/* Send a parked agent to rest. If it does not have its bell yet, offer it the bell instead, and return true: the caller
 * then gives it. Call with the lock held. */
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

/* Get the file to give to a parked agent now; -1: none. If it is a job's file, that job becomes @agent->job. Call with the
 * lock held. */
static int next_file(Agent *agent)
{
    int offered = agent->offered;

    if (agent->state != AGENT_PARKED || agent->giving) {
        return -1;
    }
    if (offered >= 0) { /* another file may be offered as soon as the agent has this one */
        agent->offered = -1;
        return offered;
    }
    agent->job = g_queue_pop_head(&agent->jobs);
    return agent->job ? agent->job->host_fd : -1;
}

/* Note the result of giving @fd to the agent in its wait @parked: @error is 0 or an errno. Call with the lock held. */
static void given(Agent *agent, const AgentJob *job, int fd, uint64_t parked, int error)
{
    agent->giving = false;
    /* The agent may have gone on by now, even to its next wait. */
    if (agent->state == AGENT_PARKED && agent->parked == parked) {
        agent->state = error == ENOENT ? AGENT_PARKING : error ? AGENT_PARKED : AGENT_BUSY;
    }
    if (!job) { /* the file was an offered one, which remains the broker's */
        if (error == ENOENT) {
            agent->offered = fd;
        }
        if (error && agent->state == AGENT_PARKED && agent->parked == parked) {
            dismiss(agent, error); /* the agent cannot have the file, and waits for nothing else */
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
    if (agent->job != job) { /* the wait ended otherwise; the thread that saw it ends the job */
        close(fd);
        return;
    }
    /* ENOENT: the wait was interrupted, and begins again in a moment; or the agent is gone. */
    if (error == ENOENT && agent->state != AGENT_ENDED) {
        g_queue_push_head(&agent->jobs, g_steal_pointer(&agent->job));
    } else {
        const int none = agent->job->ioctl ? ESRCH : EPERM; /* if the agent has ended */
        fail_job(agent->listener, g_steal_pointer(&agent->job), error == ENOENT ? none : error);
    }
}

/*
 * Delivery: the files to put into the agent's table.
 * @file: ends the agent's wait
 * @is_job: put @file under AGENT_JOB_FD; otherwise under any number
 * @params: a file to put under AGENT_PARAMS_FD first; -1: none
 */
typedef struct {
    int file;
    bool is_job;
    int params;
} Delivery;

/* Put the files into the agent's table. Returns 0 or an errno. */
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
    case -ESRCH: /* the wait was interrupted while the agent took the file (kernel/seccomp.c, seccomp_notify_addfd()) */
        return ENOENT;
    case -EBADF: /* the process may not have a descriptor with this number (RLIMIT_NOFILE) */
        return EMFILE;
    default:
        return number < 0 ? -number : 0;
    }
}

/* Prepare the delivery of @fd, for the agent's job if it has one. Gives an agent without stops its order. Call with the
 * lock held. */
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
 * As long as the agent waits and there is a file for it, give it the file, which ends its wait. The agent's own thread puts the
 * file into its table, so this waits until that thread is scheduled. The lock is not held meanwhile.
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
 * Get the agent that waits in a notification. While an agent is being made, its thread id does not identify it: if the agent
 * has just been killed, a new thread of the guest may have the same id, and must not get what was meant for the agent. So the
 * tracer is checked too: of all threads, only an agent can be in a call while a tracer of the broker's holds it. A settled
 * agent does not need this check: its id is forgotten before it is free again (agent_main()). Call with the lock held.
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

/* Copy what the agent's current ioctl() is to read. Returns false if it does not make one. Call with the lock held. */
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
 * Check: a check that an agent's ioctl() still reads the parameters that were checked at the beginning of the call. The time
 * between the two checks is as long as threads take to be scheduled.
 * @agent: a reference
 * @notif: the call
 */
typedef struct {
    Agent *agent;
    struct seccomp_notif notif;
    AgentParams params;
} Check;

/* Make a check for an agent that is in an ioctl() of its job. Returns NULL if a check of this agent is under way: it also
 * does the new one. In that case the earlier call was interrupted, and is made once more. Call with the lock held. */
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

    if (check->params.fd < 0) { /* the broker is out of descriptors */
        notification_fail(agent->listener, notif->id, ENOMEM);
    } else if (agent_params_are_there(&check->params, (pid_t)notif->pid,
                                      notif->data.args[ARG_PARAMS])) {
        notification_continue(agent->listener, notif->id);
    } else {
        /* A thread that is being killed has lost its memory, and does not make the call: do not punish that. */
        if (notification_is_valid(agent->listener, notif->id)) {
            agent_punish(agent);
        }
        notification_fail(agent->listener, notif->id, EPERM);
    }
}

/* Take the next call of the agent that has to be checked. Returns false if there is none. */
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
 * Run a check in a thread of its own. The check reads the list of the guest's mappings, which the guest can make long and slow
 * to read. The reader must not do this, because all calls of the container would wait for it. A thread that answers guests must
 * not do it either: all of these threads may be waiting, by way of the worker, for this very call of the agent's
 * (wire/broker-protocol.h). There is one check at a time for an agent.
 */
static void begin_check(Check *check)
{
    GThread *thread = g_thread_try_new("broker-check", run_check, check, NULL);

    if (thread) {
        g_thread_unref(thread);
        return;
    }
    do { /* the broker is out of threads */
        notification_fail(check->agent->listener, check->notif.id, ENOMEM);
    } while (check_next(check));
    check_free(check);
}

/*
 * Whether the notification is the agent's wait for a file. The agent's other calls, of a job or an errand, were checked when
 * they began. The agent does not make them while it is PARKED:
 * - A notification that arrives while it is PARKED is the same wait, which a stop of the process interrupted, and which begins
 *   again. The tracer had set PARKING before the reader saw the first notification.
 * - After its wait is answered with a file, the agent goes on at once, and its tracer sets BUSY before the agent's next call
 *   (take_job()).
 * - An errand's tracer does not set BUSY. But the reader itself answers the errand's wait, and sets BUSY (given()) before it
 *   takes its next notification.
 * Call with the lock held.
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

/* Let an agent without stops make the call of its job. If it is about to make another call, or the parameters have
 * changed, kill its process. Call with the lock held. */
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

/* Handle a call of an agent that is not its wait, and about which a filter asks the broker. Call with the lock held. */
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

/* Let an agent without stops carry out an order that needs no file. Call with the lock held. */
static void unpark(Agent *agent)
{
    agent->state = AGENT_BUSY;
    (void)notification_return(agent->listener, agent->parked, AGENT_JOB_FD); /* or it waits again */
}

/* Answer an mmap() that an agent without stops has carried out. If a signal interrupted the guest first, undo the mapping:
 * the guest makes its call again. Call with the lock held. */
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

/* Handle the result of the last order, which an agent without stops reports in its wait. Call with the lock held. */
static void end_order(Agent *agent, const struct seccomp_notif *notif, AgentState before)
{
    int64_t result;

    if (!agent_loop_result(agent, notif, &result)) { /* interrupted before it had the order */
        if (agent_loop_is_unmapping(agent)) {
            unpark(agent);
        }
        return;
    }
    if (before == AGENT_RESTING && result != -EFAULT) {
        agent->unwanted = true; /* a filter of the guest's own does not allow it to rest */
    }
    AgentJob *job = g_steal_pointer(&agent->job);
    if (job && job->ioctl) {
        end_ioctl(agent, job, result);
    } else if (job) {
        end_map(agent, job, result);
    }
}

/* Whether an agent that waits is to end. @before: its state before this wait. If that was LEAVING, the agent was
 * interrupted before it learned that it is to end. Call with the lock held. */
static bool is_to_go(const Agent *agent, AgentState before)
{
    const Agents *agents = agent->agents;

    return before == AGENT_LEAVING ||
           (!has_work(agent) &&
            (!agent->lingers || agent->unwanted || count(agents) > KEPT_MAX || agents->stopping));
}

/* Note that the agent waits for a file. Call with the lock held. */
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

/* AgentSort: what is to be made. @errand, @again, @ahead: as in Agent */
typedef struct {
    bool errand;
    bool again;
    bool ahead;
} AgentSort;

/* Start to make an agent, or an errand, with the help of the thread that makes the call @notif. Returns NULL if the broker
 * cannot get a thread or a descriptor for it. Call with the lock held. */
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

/* Make an agent that takes the process's jobs from now on. Returns NULL as agent_start() does. Call with the lock held. */
static Agent *agent_new(Agents *agents, int listener, const struct seccomp_notif *notif,
                        pid_t group, AgentSort sort)
{
    Agent *agent = agent_start(agents, listener, notif, group, sort);

    if (agent) {
        g_hash_table_insert(agents->by_group, GINT_TO_POINTER(group), agent);
    }
    return agent;
}

/* Get the agent of the process, or make one. Returns NULL with @error set if that is not possible. Call with the lock
 * held. */
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

/* Whether the notification @one is older. A listener numbers its notifications upwards. Source: kernel/seccomp.c,
 * seccomp_next_notify_id(). */
static bool is_earlier(const struct seccomp_notif *one, const struct seccomp_notif *other)
{
    return (int64_t)(one->id - other->id) < 0;
}

/*
 * Take out the job of a call that the thread made before its present one. Returns NULL if there is none. That earlier call was
 * interrupted, and nothing waits for it. If such jobs were kept, a process that is stopped and continued faster than its agent
 * is scheduled would make the broker keep a file for each. Call with the lock held.
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

/* Get the process's agent, or NULL. If an agent is being made with the help of another thread, wait until it is made or
 * has failed. This does not wait for ever, because a guest can hold its own agent up. Call with the lock held. */
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

/* Whether to make an agent ahead for the process. This is tried once, because a failure has a reason that remains. Call
 * with the lock held. */
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

/* Wait until the agent of the process is made. An agent that is made ahead is not finished when the borrowed thread
 * repeats its call. The thread's next calls must find it finished: the thread may install a filter for all threads
 * (SECCOMP_FILTER_FLAG_TSYNC), which kills for the calls that the agent still has to make. The wait is short, because a guest
 * can hold its own agent up. Call with the lock held. */
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
    /* Do not wait for ever: a program that a guest executes from its own file system keeps the broker from seizing its
     * threads. */
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

/* Wait until a thread that does not run any code any more has left its process as well. */
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

/* Give the call to the process's agent. Returns false if there is no agent. */
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

/* Write the parameters before the guest gets the file. Afterwards the guest can hold the file's lock, and so block every
 * writer. */
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

/* Whether the thread stays in user mode longer than it needs. It executes one instruction to get into a system call. If it
 * does not come back, it was made to do something else. But a busy or frozen machine, or a missing page of code, may delay
 * it, so the time that it really ran counts. */
static bool is_astray(const Tracee *tracee, AgentStay *stay)
{
    gint64 since = tracee->in_user_mode_since;

    /* The time that a guest's thread ran before it was borrowed does not count. */
    if (since != stay->since) {
        *stay = (AgentStay){.since = since, .ticks = since ? guest_thread_time(tracee->tid) : 0};
    }
    return since && g_get_monotonic_time() - since > ASTRAY_SECONDS * G_TIME_SPAN_SECOND &&
           guest_thread_time(tracee->tid) > stay->ticks + ASTRAY_TICKS;
}

/* Look after one agent. Returns true if it is to be given its bell. Call with the lock held. */
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

/* Look after all agents. Call with the lock held; releases it for a moment. */
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

/* Whether there is an agent that the keeper has to watch. Call with the lock held. */
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

/* Make the file that capset(2) reads. It is sealed: no process can ever write to it. */
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

/* Kill the processes of all agents that remain. Those are held up in the host's driver, or by their guest. */
static void kill_all(const Agents *agents)
{
    GHashTableIter iter;
    gpointer agent;

    g_hash_table_iter_init(&iter, agents->all);
    while (g_hash_table_iter_next(&iter, &agent, NULL)) {
        kill(((const Agent *)agent)->group, SIGKILL);
    }
}

/* Wait until nothing is under way, but at most @seconds. Call with the lock held. */
static void wait_for_none(Agents *agents, unsigned seconds)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)seconds * G_TIME_SPAN_SECOND;

    while ((count(agents) > 0 || agents->n_checks > 0) &&
           g_cond_wait_until(&agents->changed, &agents->lock, deadline)) {
    }
}

/* Whether everything has ended. If not, @error names what is still under way. Call with the lock held. */
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
