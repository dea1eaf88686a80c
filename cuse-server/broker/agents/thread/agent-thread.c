/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tracer: the broker's thread behind an agent. It alone traces the agent, and waits whenever the agent waits. It has the
 * agent make one system call at a time, and checks each call at its beginning.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cuse-server/broker/agents/agent-check.h"
#include "cuse-server/broker/agents/agent-idle.h"
#include "cuse-server/broker/agents/agent-jobs.h"
#include "cuse-server/broker/agents/agent.h"
#include "cuse-server/broker/agents/thread/agent-loop.h"
#include "cuse-server/broker/guests/notification.h"
#include "cuse-server/broker/identity/guest-thread.h"

/* #syscalls:broker kill pread64 */

enum {
    CAPSET_DATA_OFFSET = 8, /* sizeof (struct __user_cap_header_struct) */
};

bool agent_is_error(int64_t result)
{
    return result < 0 && result > -AGENT_PAGE_BYTES;
}

void agent_punish(const Agent *agent)
{
    agent_trouble(agent, INCIDENT_OTHER_CODE);
    kill(agent->group, SIGKILL);
}

/* --- what it does ----------------------------------------------------------------------------- */

/* Get the system call in which a thread waits for a file. The filter asks the broker about this call, and its result is
 * the file's number. For an agent it is a call that the kernel itself would only fail with EINVAL. For an errand and its
 * caller it is the call that the guest made, which the guest's own filters let pass. */
static TraceeCall wait_call(const Agent *agent)
{
    const __u64 *args = agent->starter.data.args;

    return agent->errand
               ? (TraceeCall){.number = SYS_pidfd_getfd, .args = {args[0], args[1], args[2]}}
               : (TraceeCall){.number = SYS_mmap, .args = {0, 0, PROT_NONE, MAP_SHARED, 0, 0}};
}

static TraceeResult park(Agent *agent, int64_t *fd)
{
    TraceeCall call = wait_call(agent);
    TraceeResult result;

    do {
        result = tracee_enter(&agent->tracee, &call);
        if (result != TRACEE_OK) {
            return result;
        }
        agent_lock(agent);
        if (agent->state != AGENT_LEAVING) {
            agent_set_state(agent, AGENT_PARKING);
        }
        agent_unlock(agent);
        result = tracee_leave(&agent->tracee, &call);
    } while (result == TRACEE_OK && tracee_is_to_repeat(&agent->tracee, &call));
    *fd = call.result;
    return result;
}

/* Let the agent rest until its bell is rung. The read has no valid address to store the bell's value at: it returns
 * EFAULT. */
static TraceeResult rest(Agent *agent)
{
    TraceeCall call = {.number = SYS_read,
                       .args = {(uint64_t)agent->bell_number, 0, sizeof(uint64_t)}};
    TraceeResult result = agent_may_rest(agent) ? tracee_do(&agent->tracee, &call) : TRACEE_OK;

    if (result == TRACEE_OK && agent_is_error(call.result) && call.result != -EFAULT) {
        agent_lock(agent);
        agent->unwanted = true; /* a filter of the guest's own does not allow it */
        agent_unlock(agent);
    }
    return result;
}

/* Take what ended the agent's wait: return the job, or NULL if it was the bell or the order to leave. Sets @error if a
 * filter of the guest's own ended the wait. Call with the lock held. */
static AgentJob *take_job(Agent *agent, int64_t fd, int *error)
{
    AgentJob *job = fd == AGENT_JOB_FD ? g_steal_pointer(&agent->job) : NULL;

    if (job) {
        agent->state = AGENT_BUSY;
    } else if (fd >= 0 && agent->state != AGENT_PARKING) { /* the bell */
        agent->bell_number = fd;
        agent->state = AGENT_BUSY;
    } else if (agent->state != AGENT_LEAVING && agent->state != AGENT_RESTING) {
        *error = fd >= 0 ? EPERM : (int)-fd; /* the answer of a filter of the guest's own */
    }
    return job;
}

/* Wait for a job. @job: set to NULL if the agent is told to end, or cannot wait. */
static TraceeResult next_job(Agent *agent, AgentJob **job, int64_t *fd, int *error)
{
    TraceeResult result;
    bool rests;

    do {
        result = park(agent, fd);
        *job = NULL;
        if (result != TRACEE_OK) {
            return result;
        }
        agent_lock(agent);
        *job = take_job(agent, *fd, error);
        rests = !*job && !*error && (*fd >= 0 || agent->state == AGENT_RESTING);
        agent_unlock(agent);
        if (rests) {
            result = rest(agent);
        }
    } while (rests && result == TRACEE_OK);
    return result;
}

/* Leaves the mark out if the kernel would reject it. */
uint64_t agent_map_flags(uint64_t flags)
{
    return (flags & MAP_TYPE) == MAP_SHARED ? flags | AGENT_MAP_MARK : flags;
}

static TraceeResult map(Agent *agent, const AgentJob *job, int64_t fd, int64_t *address)
{
    const __u64 *args = job->call.data.args;
    TraceeCall call = {
        .number = SYS_mmap,
        .args = {args[0], args[1], args[2], agent_map_flags(args[3]), (uint64_t)fd, args[5]}};
    TraceeResult result = tracee_do(&agent->tracee, &call);

    *address = call.result;
    return result;
}

/* Answer the guest that waits for the mapping. If a signal interrupted the guest first, undo the mapping: the guest makes
 * its call again. */
static TraceeResult answer(Agent *agent, const AgentJob *job, int64_t address)
{
    TraceeCall undo = {.number = SYS_munmap, .args = {(uint64_t)address, job->call.data.args[1]}};

    if (agent_is_error(address)) {
        notification_fail(agent->listener, job->call.id, (int)-address);
    } else if (!notification_return(agent->listener, job->call.id, address)) {
        return tracee_do(&agent->tracee, &undo);
    }
    return TRACEE_OK;
}

TraceeResult agent_close(Agent *agent, int64_t fd)
{
    TraceeCall call = {.number = SYS_close, .args = {(uint64_t)fd}};

    return tracee_do(&agent->tracee, &call);
}

TraceeResult agent_take_file(Agent *agent, int file, int64_t *fd)
{
    agent_lock(agent);
    agent->offered = file;
    agent_unlock(agent);
    return park(agent, fd);
}

TraceeResult agent_map_page(Agent *agent, int64_t fd, int protection, int64_t *address)
{
    TraceeCall call = {
        .number = SYS_mmap,
        .args = {0, AGENT_PAGE_BYTES, (uint64_t)protection, AGENT_PAGE_FLAGS, (uint64_t)fd, 0}};
    TraceeResult result = tracee_do(&agent->tracee, &call);

    *address = call.result;
    return result;
}

TraceeResult agent_unmap_page(Agent *agent, int64_t address)
{
    TraceeCall call = {.number = SYS_munmap, .args = {(uint64_t)address, AGENT_PAGE_BYTES}};

    return tracee_do(&agent->tracee, &call);
}

/* Check that the page holds the parameters that the driver is to read. The guest can write to the page, and put another
 * one in its place. */
static TraceeResult check_params(const Agent *agent, const AgentIoctl *what, int64_t page)
{
    uint8_t now[AGENT_PARAMS_MAX];
    TraceeResult result = tracee_read(&agent->tracee, (uint64_t)page, now, what->size);

    return result == TRACEE_OK && memcmp(now, what->params, what->size) != 0 ? TRACEE_TAMPERED
                                                                             : result;
}

/* Make the ioctl() itself. */
static TraceeResult issue(Agent *agent, const AgentIoctl *what, int64_t page, TraceeCall *call)
{
    TraceeResult result;

    do {
        result = tracee_enter(&agent->tracee, call);
        /* The call is about to begin. If a filter asks the broker about it first, the broker checks the page again then. */
        if (result == TRACEE_OK) {
            result = check_params(agent, what, page);
        }
        if (result == TRACEE_OK) {
            result = tracee_leave(&agent->tracee, call);
        }
    } while (result == TRACEE_OK && tracee_is_to_repeat(&agent->tracee, call));
    return result;
}

/* Make the ioctl() with its parameters at @page, and copy the driver's answer back. */
static TraceeResult issue_at(Agent *agent, AgentCall *wanted, int64_t fd, int64_t page, int *error)
{
    const AgentIoctl *what = wanted->what;
    TraceeCall call = {.number = SYS_ioctl, .args = {(uint64_t)fd, what->command, (uint64_t)page}};
    TraceeResult result;

    agent_issues(agent, wanted);
    result = issue(agent, what, page, &call);
    agent_issues(agent, NULL);
    if (result == TRACEE_OK) {
        *error = agent_is_error(call.result) ? (int)-call.result : 0;
        if (pread(wanted->params_fd, what->params, what->size, 0) != (ssize_t)what->size) {
            *error = EIO;
        }
    }
    return result;
}

/* Make an ioctl(), with the parameters mapped into the guest's address space for the time of the call. */
static TraceeResult make_ioctl(Agent *agent, AgentCall *wanted, int64_t fd, int *error)
{
    int64_t page;
    TraceeResult result = agent_map_page(agent, AGENT_PARAMS_FD, PROT_READ | PROT_WRITE, &page);

    *error = ENOMEM; /* the guest cannot have any more mappings */
    if (result == TRACEE_OK && !agent_is_error(page)) {
        result = issue_at(agent, wanted, fd, page, error);
        if (result == TRACEE_OK) {
            result = agent_unmap_page(agent, page);
        }
    }
    return result;
}

/* Carry out a job that is not the borrowed thread's. */
static TraceeResult carry_out(Agent *agent, AgentJob *job, int64_t fd)
{
    int64_t address;
    int error = ESRCH;
    TraceeResult result;

    if (job->ioctl) {
        result = make_ioctl(agent, job->ioctl, fd, &error);
        agent_job_end(job, result == TRACEE_OK ? error : ESRCH);
        return result;
    }
    result = map(agent, job, fd, &address);
    if (result == TRACEE_OK) {
        result = answer(agent, job, address);
    }
    g_free(job);
    return result;
}

/* Let the agent work until it is told to end. */
static TraceeResult work(Agent *agent, int *error)
{
    if (agent->loop) {
        return agent_loop_run(agent);
    }
    for (;;) {
        AgentJob *job = NULL;
        int64_t fd;
        TraceeResult result = next_job(agent, &job, &fd, error);
        if (result != TRACEE_OK || !job) {
            return result;
        }
        result = carry_out(agent, job, fd);
        if (result == TRACEE_OK) {
            result = agent_close(agent, fd);
        }
        if (result != TRACEE_OK) {
            return result;
        }
    }
}

/* --- how it is made --------------------------------------------------------------------------- */

/* The driver checks the capabilities of the task that makes the call, so an agent must not have any. */
static bool has_capabilities(const Agent *agent)
{
    uint64_t capabilities;

    return !guest_thread_capabilities(agent->tracee.tid, &capabilities) || capabilities;
}

static TraceeResult capset(Agent *agent, int64_t fd)
{
    TraceeCall capset = {.number = SYS_capset};
    int64_t page;
    TraceeResult result = agent_map_page(agent, fd, PROT_READ, &page);

    if (result != TRACEE_OK || agent_is_error(page)) {
        return result;
    }
    capset.args[0] = (uint64_t)page;
    capset.args[1] = (uint64_t)page + CAPSET_DATA_OFFSET;
    result = tracee_do(&agent->tracee, &capset);
    return result == TRACEE_OK ? agent_unmap_page(agent, page) : result;
}

/*
 * Drop the agent's capabilities. If the guest changes what capset() reads, the agent keeps only capabilities that the guest has
 * anyway. The check afterwards detects this.
 */
static TraceeResult drop_capabilities(Agent *agent, int *error)
{
    TraceeResult result;
    int64_t fd;

    if (!has_capabilities(agent)) {
        return TRACEE_OK;
    }
    result = agent_take_file(agent, agent_no_caps(agent), &fd);
    if (result == TRACEE_OK && fd >= 0) {
        result = capset(agent, fd);
        if (result == TRACEE_OK) {
            result = agent_close(agent, fd);
        }
    }
    if (result == TRACEE_OK && has_capabilities(agent)) {
        agent_trouble(agent, INCIDENT_CAPABILITIES);
        *error = EPERM;
    }
    return result;
}

/* Close the agent's copies of the guest's files and drop its capabilities, before it gets any work. */
static TraceeResult prepare(Agent *agent, int *error)
{
    TraceeCall close_all = {.number = SYS_close_range, .args = {0, UINT_MAX, 0}};
    TraceeResult result = tracee_do(&agent->tracee, &close_all);

    if (result != TRACEE_OK) {
        return result;
    }
    agent->lingers = close_all.result == 0;
    return drop_capabilities(agent, error);
}

/* Have the borrowed thread start the thread that becomes the agent of its process. */
static TraceeResult give_birth(Agent *agent, int *error)
{
    pid_t tid = 0;
    TraceeResult result = tracee_clone(&agent->borrowed, AGENT_CLONE_FLAGS, &tid);

    if (tid <= 0) {
        *error = -tid;
        return result;
    }
    agent->tracee.tid = tid;
    if (result == TRACEE_OK && !tracee_init(&agent->tracee, tid)) {
        result = TRACEE_ENDED;
    }
    if (result == TRACEE_OK) {
        agent_born(agent);
    }
    return result;
}

/* Whether the borrowed thread is about to repeat its call. It stands still, and its notification is gone. If that is due
 * to the broker's own interruption (a runtime's profile does not have SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV), or to a signal
 * that arrived as well, the thread is about to repeat the call. Otherwise it has gone on to other code. */
static bool is_about_to_repeat(const Agent *agent)
{
    const struct user_regs_struct *regs = &agent->borrowed.regs;
    const TraceeCall call = {.result = (int64_t)regs->rax};

    return tracee_was_interrupted(&call) && regs->orig_rax == (uint64_t)agent->starter.data.nr &&
           regs->rip + SYSCALL_INSTRUCTION_BYTES == agent->starter.data.instruction_pointer;
}

bool agent_borrow(Agent *agent, int *error)
{
    const pid_t tid = (pid_t)agent->starter.pid;

    *error = agent_is_guest(agent) ? tracee_seize(tid) : ESRCH;
    /* The kernel also returns EPERM for a thread that is just being killed. */
    if (*error == EPERM && !agent->errand && guest_thread_tracer(tid) != 0) {
        agent_trouble(agent, INCIDENT_TRACED);
        *error = EBUSY;
    }
    if (*error) {
        agent_retire(agent);
        if (!agent->ahead) {
            notification_fail(agent->listener, agent->starter.id, *error);
        }
        agent_set_borrowing(agent, AGENT_NOT_BORROWED);
        return false;
    }
    bool ours = notification_return(agent->listener, agent->starter.id, 0);
    agent_set_borrowing(agent, AGENT_BORROWED);
    if (tracee_wait(tid) != TRACEE_OK || !tracee_init(&agent->borrowed, tid)) {
        tracee_reap(tid);
        return false;
    }
    ours = ours || is_about_to_repeat(agent);
    if (!ours) { /* a signal came first: the thread is in a handler, or in another call */
        tracee_let_go(tid);
    }
    return ours;
}

/* Carry out the first job, which is the borrowed thread's own. That thread no longer waits for an answer to a
 * notification. It gets the result where the kernel would put it. */
static TraceeResult first_job(Agent *agent, int64_t *result, int *error)
{
    g_autofree AgentJob *job = NULL;
    int64_t fd;
    TraceeResult done = next_job(agent, &job, &fd, error);

    *result =
        -EMFILE; /* without a job: the agent may not have any file; nothing else keeps the job away */
    if (done == TRACEE_OK && job) {
        done = map(agent, job, fd, result);
        if (done == TRACEE_OK) {
            done = agent_close(agent, fd);
        }
    }
    return done;
}

/* Outcome: how the borrowed thread goes on: it repeats its call, or gets a result of the call. */
typedef struct {
    bool repeats;
    int64_t value;
} Outcome;

/* Let the borrowed thread go on. From now on the tracer holds the agent alone. @blocked: the signals that the thread
 * blocks. Returns false if the thread is being killed, or has ended. */
static bool give_back(Agent *agent, struct user_regs_struct *regs, uint64_t blocked,
                      const Outcome *outcome)
{
    if (outcome->repeats) {
        regs->rax = regs->orig_rax; /* its instruction pointer is still before the system call */
    } else {
        regs->rax = (unsigned long long)outcome->value;
        regs->rip += SYSCALL_INSTRUCTION_BYTES;
    }
    regs->orig_rax = (unsigned long long)-1; /* the kernel must not restart a system call */
    agent->tracee.alone = true;
    return tracee_detach(agent->borrowed.tid, regs, blocked);
}

/* Make the agent with the help of the borrowed thread, and have the agent do what the thread wants. */
static TraceeResult begin(Agent *agent, Outcome *outcome, int *error)
{
    TraceeResult result = give_birth(agent, error);

    if (result == TRACEE_OK && !*error && !agent->ahead) {
        result = prepare(agent, error);
    }
    if (result == TRACEE_OK && !*error && agent->again && !agent->ahead && !agent->lingers) {
        *error = EPERM; /* a filter of the guest's own: the agent could not be kept until then */
    } else if (result == TRACEE_OK && !*error && !agent->again) {
        result = first_job(agent, &outcome->value, error);
    }
    outcome->repeats = agent->again && (!*error || agent->ahead);
    if (*error) {
        outcome->value = -*error;
    }
    return result;
}

/* Clean up an agent that failed: it has ended, or is about to end. */
static void end_badly(Agent *agent, TraceeResult result)
{
    if (result == TRACEE_TAMPERED) {
        agent_punish(agent);
    }
    if (agent->tracee.tid > 0) {
        tracee_reap(agent->tracee.tid);
    }
}

/*
 * Clean up after a failure while the thread was still borrowed. As a rule that thread is about to end as well. But a filter of
 * the guest's own can end the agent alone (SECCOMP_RET_KILL_THREAD): then the thread goes on without an agent.
 */
static void end_both(Agent *agent, TraceeResult result, struct user_regs_struct *regs,
                     uint64_t blocked)
{
    const Outcome refused = {.repeats = agent->ahead, .value = -EPERM};

    end_badly(agent, result);
    agent_retire(agent);
    if (result != TRACEE_ENDED || !give_back(agent, regs, blocked, &refused)) {
        tracee_reap(agent->borrowed.tid);
    }
}

/*
 * Make the agent. Signals that arrive for the borrowed thread meanwhile wait until its call is done. A thread that is borrowed
 * ahead is given back before the agent closes its copies of the guest's files, because a guest's own file system can make that
 * take as long as it likes.
 */
static bool start(Agent *agent, int *error)
{
    struct user_regs_struct regs;
    Outcome outcome = {.value = 0};
    uint64_t blocked;

    if (!agent_borrow(agent, error)) {
        return false;
    }
    regs = agent->borrowed.regs;
    tracee_block_signals(agent->borrowed.tid, &blocked);
    TraceeResult result = begin(agent, &outcome, error);
    if (result != TRACEE_OK) {
        end_both(agent, result, &regs, blocked);
        return false;
    }
    if (*error) {
        agent_retire(agent);
    }
    (void)give_back(agent, &regs, blocked, &outcome);
    if (agent->ahead && !*error) {
        result = prepare(agent, error);
        if (*error) {
            agent_retire(agent);
        } else if (result == TRACEE_OK && agent->lingers) {
            result = agent_loop_prepare(agent);
        }
    }
    if (result != TRACEE_OK) {
        end_badly(agent, result);
    }
    return result == TRACEE_OK;
}

/* Called when the agent ends. The kernel waits until the tracer has taken note of the agent's end: until then no other
 * thread can get its number. */
static void ends(gpointer data)
{
    agent_forget(data);
    agent_take_back(data);
}

gpointer agent_main(gpointer data)
{
    Agent *agent = data;
    int error = 0;

    agent_set_out(agent);
    if (start(agent, &error) && agent->tracee.tid > 0) {
        agent->tracee.data = agent;
        agent->tracee.ends = ends;
        if (!error) {
            agent_settle(agent);
        }
        TraceeResult result = error ? TRACEE_OK : work(agent, &error);
        ends(agent);
        if (result == TRACEE_OK) {
            result = tracee_exit(&agent->tracee);
        }
        if (result == TRACEE_TAMPERED) {
            agent_punish(agent);
            tracee_reap(agent->tracee.tid);
        }
    }
    agent_ended(agent, error);
    return NULL;
}
