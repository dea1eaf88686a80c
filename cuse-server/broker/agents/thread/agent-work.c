/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an agent with stops works. It waits for a job (PARKING, then PARKED by the reader), makes the job's calls (BUSY), and waits
 * again or rests (RESTING). The tracer checks each call at its beginning, and reads the parameters of an ioctl() back before the
 * call goes on. An agent without stops works as agent-loop.h explains.
 */
#include "cuse-server/broker/agents/thread/agent-work.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cuse-server/broker/agents/agent-check.h"
#include "cuse-server/broker/agents/agent-idle.h"
#include "cuse-server/broker/agents/agent-jobs.h"
#include "cuse-server/broker/agents/thread/agent-calls.h"
#include "cuse-server/broker/agents/thread/agent-loop.h"
#include "cuse-server/broker/guests/notification.h"

/* #syscalls:broker pread64 */

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

TraceeResult agent_next_job(Agent *agent, AgentJob **job, int64_t *fd, int *error)
{
    TraceeResult result;
    bool rests;

    do {
        result = agent_park(agent, fd);
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

TraceeResult agent_map(Agent *agent, const AgentJob *job, int64_t fd, int64_t *address)
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
    result = agent_map(agent, job, fd, &address);
    if (result == TRACEE_OK) {
        result = answer(agent, job, address);
    }
    g_free(job);
    return result;
}

TraceeResult agent_work(Agent *agent, int *error)
{
    if (agent->loop) {
        return agent_loop_run(agent);
    }
    for (;;) {
        AgentJob *job = NULL;
        int64_t fd;
        TraceeResult result = agent_next_job(agent, &job, &fd, error);
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
