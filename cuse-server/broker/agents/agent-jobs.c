/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue of an agent's jobs, and how a job gets to the agent: its file is put into the agent's table, which ends the agent's
 * wait (PARKED -> BUSY).
 *
 * One thread at a time gives a file to an agent (Agent.giving). It gives without the lock, because the agent's own thread has to
 * be scheduled to take the file. Meanwhile the agent may go on, wait again, or end. So given() compares the agent's state with
 * the wait that the file was meant for.
 */
#include "cuse-server/broker/agents/agent-jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cuse-server/broker/agents/agent-idle.h"
#include "cuse-server/broker/agents/thread/agent-loop.h"
#include "cuse-server/broker/guests/notification.h"

/* #syscalls:broker close */

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

void agent_job_fail(int listener, AgentJob *job, int error)
{
    if (!job->ioctl) {
        notification_fail(listener, job->call.id, error);
    }
    close(job->host_fd);
    agent_job_end(job, error);
}

void agent_drop_given(Agent *agent)
{
    AgentJob *job = g_steal_pointer(&agent->job);

    if (job && !job->ioctl) {
        notification_fail(agent->listener, job->call.id, EPERM);
    }
    agent_job_end(job, ESRCH);
}

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
            agent_dismiss(agent,
                          error); /* the agent cannot have the file, and waits for nothing else */
        }
        return;
    }
    if (error == 0) {
        close(fd);
        if (agent->state == AGENT_ENDED && agent->job == job) {
            agent_drop_given(agent);
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
        agent_job_fail(agent->listener, g_steal_pointer(&agent->job),
                       error == ENOENT ? none : error);
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

void agent_give_next(Agent *agent)
{
    int fd;

    agent_lock(agent);
    if (agent->state == AGENT_RESTING) {
        agent_ring(agent);
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
